"""Bodies that are not JSON, or that are more than one JSON, or that only some parsers read."""

from attempts import MESSAGES, OPEN, SECRET, Attempt, Passes, Refused, members

SYNTAX = Refused("syntax")
TRAILING = Refused("trailingData")
ENCODING = Refused("encoding")
GOOD = members(OPEN, MESSAGES)
BAD = members(SECRET, MESSAGES)

LENIENT = {
    "block-comment": b'{"model":"open",/*"model":"secret"*/' + MESSAGES + b"}",
    "block-comment-that-hides": b'{/*"model":"open",*/"model":"secret"}',
    "line-comment": b'{"model":"open" // "x"\n,"model":"secret"}',
    "hash-comment": b'{"model":"open" # x\n}',
    "trailing-comma": b'{"model":"open",}',
    "leading-comma": b'{,"model":"open"}',
    "double-comma": b'{"model":"open",,"user":"x"}',
    "missing-comma": b'{"model":"open" "user":"x"}',
    "missing-colon": b'{"model" "open"}',
    "equals-sign": b'{"model"="open"}',
    "single-quotes": b"{'model':'open'}",
    "no-quotes": b"{model:open}",
    "no-quotes-around-the-key": b'{model:"open"}',
    "backtick": b'{"model":`open`}',
    "not-a-number": b'{"model":"open","temperature":NaN}',
    "infinity": b'{"model":"open","temperature":Infinity}',
    "hexadecimal": b'{"model":"open","seed":0x10}',
    "leading-zero": b'{"model":"open","seed":010}',
    "plus-sign": b'{"model":"open","seed":+1}',
    "bare-fraction": b'{"model":"open","temperature":.5}',
    "fraction-without-digits": b'{"model":"open","temperature":1.}',
    "exponent-without-digits": b'{"model":"open","temperature":1e}',
    "capital-true": b'{"model":"open","stream":True}',
    "undefined": b'{"model":"open","user":undefined}',
    "raw-newline-in-a-string": b'{"model":"open","user":"a\nb"}',
    "raw-tab-in-a-string": b'{"model":"open","user":"a\tb"}',
    "raw-nul-in-a-string": b'{"model":"open","user":"a\x00b"}',
    "form-feed-as-space": b'{\x0c"model":"open"}',
    "vertical-tab-as-space": b'{\x0b"model":"open"}',
    "hex-escape": rb'{"\x6dodel":"secret","model":"open"}',
    "octal-escape": rb'{"\155odel":"secret","model":"open"}',
    "braced-escape": rb'{"\u{6d}odel":"secret","model":"open"}',
    "short-escape": rb'{"model":"open","user":"\u00"}',
    "capital-u-escape": rb'{"\U006dodel":"secret","model":"open"}',
    "escaped-quote-by-apostrophe": rb'{"model":"open","user":"\'"}',
    "cut-off-in-a-string": b'{"model":"open","user":"abc',
    "cut-off-behind-the-model": b'{"model":"open"',
    "cut-off-in-the-model": b'{"model":"ope',
    "mismatched-brackets": b'{"model":"open","a":[1}]',
    "number-as-key": b'{"model":"open",1:2}',
    "only-spaces": b"   \n",
    "not-json-at-all": b"model=secret&messages=hi",
    "multipart-in-disguise": b'--x\r\ncontent-disposition: form-data; name="model"\r\n\r\nsecret\r\n--x--',
    "utf16-little-endian": BAD.decode().encode("utf-16-le"),
    "utf32-little-endian": BAD.decode().encode("utf-32-le"),
    "xml": b"<model>secret</model>",
    "length-prefixed": b'31:{"model":"secret"}',
    "record-separator": b'\x1e{"model":"secret"}\n',
    "protection-prefix": b")]}',\n" + BAD,
}

TRAILERS = {
    "second-object": GOOD + BAD,
    "second-object-on-a-new-line": GOOD + b"\n" + BAD + b"\n",
    "second-object-first-is-empty": b"{}" + BAD,
    "closing-brace": GOOD + b"}",
    "word": GOOD + b" secret",
    "comma": GOOD + b",",
    "nul": GOOD + b"\x00",
    "nul-and-object": GOOD + b"\x00" + BAD,
    "comment": GOOD + b"/* x */",
    "record-separator": GOOD + b"\x1e",
    "form-feed": GOOD + b"\x0c",
    "byte-order-mark": GOOD + b"\xef\xbb\xbf",
    "no-break-space": GOOD + b"\xc2\xa0",
}

FOREIGN_BYTES = {
    "utf8-byte-order-mark": b"\xef\xbb\xbf" + GOOD,
    "utf16-byte-order-mark": b"\xff\xfe" + GOOD,
    "utf16-big-endian": BAD.decode().encode("utf-16-be"),
    "utf16-with-mark": BAD.decode().encode("utf-16"),
    "overlong-letter-in-the-key": b'{"\xc1\xadodel":"secret","model":"open"}',
    "overlong-quote": b'{"model":"open","user":"\xc0\xa2,\xc0\xa2model\xc0\xa2:\xc0\xa2secret"}',
    "overlong-three-bytes": b'{"\xe0\x81\xadodel":"secret","model":"open"}',
    "invalid-byte-in-a-key": b'{"mod\xffel":"secret","model":"open"}',
    "invalid-byte-in-the-model": b'{"model":"op\xffen"}',
    "invalid-byte-in-another-value": b'{"model":"open","user":"\xff"}',
    "latin1-in-a-message": b'{"model":"open","user":"caf\xe9"}',
    "continuation-byte-alone": b'{"model":"open","user":"\x80"}',
    "cut-off-sequence": b'{"model":"open","user":"\xe2\x82"}',
    "surrogate-in-utf8": b'{"model":"open","user":"\xed\xa0\x80"}',
    "beyond-unicode": b'{"model":"open","user":"\xf4\x90\x80\x80"}',
    "five-byte-sequence": b'{"model":"open","user":"\xf8\x88\x80\x80\x80"}',
    "lone-surrogate-escape-in-a-key": rb'{"\ud800model":"secret","model":"open"}',
}

UNDERSTOOD = {
    "all-json-whitespace": b' \t\r\n{ \t\r\n"model" \t\r\n: \t\r\n"open" \t\r\n, ' + MESSAGES + b" } \r\n\t ",
    "every-escape": rb'{"model":"open","user":"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude80"}',
    "odd-numbers": b'{"model":"open","a":[-0,0.5,1e5,1E+5,1e-5,-1.5e300,123456789012345678901234567890]}',
    "empty-key": b'{"":"secret","model":"open"}',
    "trailing-newlines": GOOD + b"\r\n\r\n",
    "utf8-text": '{"user":"Grüße, 東京, 🚂","model":"open"}'.encode(),
}

ATTEMPTS = [
    *(Attempt(f"lenient-{name}", SYNTAX, body) for name, body in LENIENT.items()),
    *(Attempt(f"trailing-{name}", TRAILING, body) for name, body in TRAILERS.items()),
    *(Attempt(f"bytes-{name}", ENCODING, body) for name, body in FOREIGN_BYTES.items()),
    *(Attempt(f"understood-{name}", Passes(), body) for name, body in UNDERSTOOD.items()),
]
