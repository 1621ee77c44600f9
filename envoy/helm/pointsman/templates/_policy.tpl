{{/* What a JSON Schema finds wrong with a value, a line each. Helm holds values to a schema of their own, but a policy that
comes by `--set-file` is one text to it. Knows the keywords that the policy's schema uses, except maxLength
and patterns that look ahead, which Go has not. */}}
{{- define "pointsman.faults" -}}
{{- $schema := .schema -}}
{{- $value := .value -}}
{{- $at := .at -}}
{{- $defs := .defs -}}
{{- with index $schema "$ref" }}{{ include "pointsman.faults" (dict "schema" (index $defs (trimPrefix "#/$defs/" .)) "value" $value "at" $at "defs" $defs) }}{{ end -}}
{{- $types := dict "map" "object" "slice" "array" "string" "string" "bool" "boolean" "float64" "number" "int64" "number" "int" "number" "invalid" "null" -}}
{{- $type := get $types (kindOf $value) -}}
{{- $wanted := index $schema "type" -}}
{{- $fits := not $wanted -}}
{{- range (kindIs "slice" $wanted | ternary $wanted (list $wanted)) -}}
{{- if eq (toString .) $type }}{{ $fits = true }}{{ end -}}
{{- if and (eq (toString .) "integer") (eq $type "number") }}{{ if eq (floor $value) (float64 $value) }}{{ $fits = true }}{{ end }}{{ end -}}
{{- end -}}
{{- if not $fits -}}
{{ printf "%s: expected %s, found %s\n" $at (kindIs "slice" $wanted | ternary (join " or " $wanted) $wanted) $type }}
{{- else -}}
{{- with index $schema "enum" }}{{ if not (has $value .) }}{{ printf "%s: unknown value `%v`, expected one of %s\n" $at $value (join ", " .) }}{{ end }}{{ end -}}
{{- if hasKey $schema "const" }}{{ if ne (toString $value) (toString $schema.const) }}{{ printf "%s: expected `%v`\n" $at $schema.const }}{{ end }}{{ end -}}
{{- if eq $type "string" -}}
{{- with $schema.pattern }}{{ if not (or (contains "(?!" .) (regexMatch (regexReplaceAll `\\u([0-9a-f]{4})` . `\x{${1}}`) $value)) }}{{ printf "%s: `%s` is not what is expected here\n" $at $value }}{{ end }}{{ end -}}
{{- end -}}
{{- if eq $type "number" -}}
{{- if hasKey $schema "minimum" }}{{ if lt (float64 $value) (float64 $schema.minimum) }}{{ printf "%s: must not be below %v\n" $at $schema.minimum }}{{ end }}{{ end -}}
{{- if hasKey $schema "maximum" }}{{ if gt (float64 $value) (float64 $schema.maximum) }}{{ printf "%s: must not be above %v\n" $at $schema.maximum }}{{ end }}{{ end -}}
{{- end -}}
{{- if eq $type "array" -}}
{{- with $schema.minItems }}{{ if lt (len $value) (int .) }}{{ printf "%s: needs at least %v items\n" $at . }}{{ end }}{{ end -}}
{{- with $schema.items }}{{ $items := . }}{{ range $nth, $item := $value }}{{ include "pointsman.faults" (dict "schema" $items "value" $item "at" (printf "%s[%d]" $at $nth) "defs" $defs) }}{{ end }}{{ end -}}
{{- end -}}
{{- if eq $type "object" -}}
{{- $known := $schema.properties | default dict -}}
{{- range $schema.required }}{{ if not (hasKey $value .) }}{{ printf "%s.%s: is required\n" $at . }}{{ end }}{{ end -}}
{{- range $key, $member := $value -}}
{{- $place := printf "%s.%s" $at $key -}}
{{- if hasKey $known $key -}}
{{ include "pointsman.faults" (dict "schema" (index $known $key) "value" $member "at" $place "defs" $defs) }}
{{- else if kindIs "map" $schema.additionalProperties -}}
{{ include "pointsman.faults" (dict "schema" $schema.additionalProperties "value" $member "at" $place "defs" $defs) }}
{{- else if hasKey $schema "additionalProperties" -}}
{{ printf "%s: unknown field\n" $place }}
{{- end -}}
{{- with $schema.propertyNames }}{{ include "pointsman.faults" (dict "schema" . "value" $key "at" $place "defs" $defs) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- with $schema.not }}{{ if not (include "pointsman.faults" (dict "schema" . "value" $value "at" $at "defs" $defs)) }}{{ printf "%s: `%v` is Pointsman's own\n" $at $value }}{{ end }}{{ end -}}
{{- range $rule := list "anyOf" "oneOf" -}}
{{- $branches := index $schema $rule | default list -}}
{{- $fitting := 0 -}}
{{- $needed := list -}}
{{- range $branch := $branches -}}
{{- if not (include "pointsman.faults" (dict "schema" $branch "value" $value "at" $at "defs" $defs)) }}{{ $fitting = add1 $fitting }}{{ end -}}
{{- $needed = concat $needed ($branch.required | default list) -}}
{{- end -}}
{{- $choice := ternary (printf "one of %s" (join ", " $needed)) "one of the forms that are known here" (gt (len $needed) 0) -}}
{{- if and $branches (lt (int $fitting) 1) }}{{ printf "%s: needs %s\n" $at $choice }}{{ end -}}
{{- if and (eq $rule "oneOf") (gt (int $fitting) 1) }}{{ printf "%s: has more than %s\n" $at $choice }}{{ end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Chains and copies need clusters of their own, which this chart does not write. */}}
{{- define "pointsman.chains" -}}
{{- $why := "needs clusters and routes that this chart does not write: every such request would get a 503. `pointsman render istio --failover` prints them; when they are in place, say `chainsRendered: true`" -}}
{{- range $nth, $model := .models -}}
{{- if $model.fallback }}{{ fail (printf "policy.models[%d].fallback: %s" $nth $why) }}{{ end -}}
{{- end -}}
{{- range $nth, $rule := .rules -}}
{{- range $field := list "fallback" "rollout" "mirror" -}}
{{- if index ($rule.route | default dict) $field }}{{ fail (printf "policy.rules[%d].route.%s: %s" $nth $field $why) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- end -}}
