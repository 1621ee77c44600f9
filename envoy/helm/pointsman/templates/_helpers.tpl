{{/* What the objects' names begin with. */}}
{{- define "pointsman.name" -}}
{{- $name := .Values.fullnameOverride -}}
{{- if not $name -}}
{{- $name = .Release.Name -}}
{{- if not (contains .Chart.Name $name) }}{{ $name = printf "%s-%s" $name .Chart.Name }}{{ end -}}
{{- end -}}
{{- $name | trunc 56 | trimSuffix "-" -}}
{{- end -}}

{{/* Metadata of an object, given the chart's values and what its name ends with. */}}
{{- define "pointsman.metadata" -}}
name: {{ include "pointsman.name" .root }}{{ .suffix }}
namespace: {{ .root.Values.namespace | default .root.Release.Namespace }}
labels:
  app.kubernetes.io/name: {{ .root.Chart.Name }}
  app.kubernetes.io/instance: {{ .root.Release.Name }}
  app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
  app.kubernetes.io/managed-by: {{ .root.Release.Service }}
  helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
  {{- with .root.Values.labels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{/* The image's URL without a scheme. */}}
{{- define "pointsman.image" -}}
{{- $image := .Values.image -}}
{{- if not $image.repository }}{{ fail "image.repository is needed: where the image was pushed to, such as registry.example.com/llm/pointsman" }}{{ end -}}
{{- if $image.digest -}}
{{ $image.repository }}@{{ $image.digest }}
{{- else -}}
{{ $image.repository }}:{{ $image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{/* The same for the gate's own image, which Envoy Gateway needs. */}}
{{- define "pointsman.gateImage" -}}
{{- $image := .Values.image -}}
{{- $gate := .Values.envoyGateway.gateImage | default dict -}}
{{- $repository := $gate.repository | default (printf "%s-gate" $image.repository) -}}
{{- if eq $repository $image.repository }}{{ fail "envoyGateway.gateImage.repository is image.repository: the gate is a module of its own, with other bytes" }}{{ end -}}
{{- if $gate.digest -}}
{{ $repository }}@{{ $gate.digest }}
{{- else if and $image.digest (not $gate.tag) -}}
{{ fail "envoyGateway.gateImage.digest is needed where image.digest is: the gate's image has one of its own" }}
{{- else -}}
{{ $repository }}:{{ $gate.tag | default $image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{/* Whether the module has to see the keys that ids are signed with. */}}
{{- define "pointsman.signsIds" -}}
{{- $policy := include "pointsman.policy" . | fromJson -}}
{{- if hasKey ($policy.providerState | default dict) "signedIds" }}yes{{ end -}}
{{- end -}}

{{/* The policy as JSON. YAML would write 1000000 as 1e+06. */}}
{{- define "pointsman.policy" -}}
{{- $policy := .Values.policy -}}
{{- if kindIs "string" $policy -}}
{{- $policy = fromYaml $policy -}}
{{- if and (hasKey $policy "Error") (not (hasKey $policy "models")) }}{{ fail (printf "policy is no YAML object: %s" $policy.Error) }}{{ end -}}
{{- end -}}
{{- if not $policy.models }}{{ fail "policy is needed, with its models: give it by `--set-file policy=policy.yaml`" }}{{ end -}}
{{- $schema := .Files.Get "policy.schema.json" | fromJson -}}
{{- $faults := include "pointsman.faults" (dict "schema" $schema "value" $policy "at" "policy" "defs" (index $schema "$defs")) -}}
{{- if $faults }}{{ fail (printf "the policy is wrong, `pointsman check` shows each line:\n%s" $faults) }}{{ end -}}
{{- if not .Values.chainsRendered }}{{ include "pointsman.chains" $policy }}{{ end -}}
{{- $policy | toPrettyJson -}}
{{- end -}}

{{/* The plugin configuration of the router. */}}
{{- define "pointsman.router" -}}
role: router
hold: {{ .Values.mode }}
policy:
  {{- include "pointsman.policy" . | nindent 2 }}
{{- end -}}

{{/* Which proxies get the module: the fields of a WasmPlugin or an EnvoyFilter, given what a selector is called there. */}}
{{- define "pointsman.istio.scope" -}}
{{- $istio := .root.Values.istio -}}
{{- if and $istio.selector $istio.targetRefs }}{{ fail "istio.selector and istio.targetRefs exclude each other" }}{{ end -}}
{{- if $istio.selector -}}
{{ .selector }}:
  {{ .labels }}:
    {{- toYaml $istio.selector | nindent 4 }}
{{- else if $istio.targetRefs -}}
targetRefs:
{{- toYaml $istio.targetRefs | nindent 0 }}
{{- else -}}
{{ fail "istio.selector or istio.targetRefs is needed: without either, every proxy of the namespace would get the module" }}
{{- end -}}
{{- end -}}
