#!/bin/sh
# PyYAML 6.0.3: one document, read by one of its two parsers and refused by the other.
#
# `yaml.safe_load` and `yaml.load(text, Loader=yaml.CSafeLoader)` are taken for a slow and
# a fast way to the same answer. They differ on tabs. YAML lets a tab stand wherever white
# space separates (section 6.2), and so does libyaml: before a comment, after a colon,
# inside brackets. The parser in Python refuses each with "found character '\t' that cannot
# start any token". A file that an editor or a check has read with `safe_load` is no
# measure of what the service reads, nor the other way round. In a text without a newline
# at its end the two also differ on where it ends: the C parser names a second line of a
# text of one line.
#
# Seen with PyYAML 6.0.3 (libyaml 0.2.5):
#   tab before a comment: Python refuses it, C reads {'a': 1}
#   tab after a colon: Python refuses it, C reads {'a': 1}
#   tab before a colon: Python refuses it, C reads {'a': 1}
#   tab inside brackets: Python refuses it, C reads {'a': [1]}
#   end of "a: 1": Python says line 1, C says line 2
set -eu
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check pyyaml==6.0.3
cat >"$place/see.py" <<'PYTHON'
import yaml

TEXTS = {
    "tab before a comment": "a: 1\t# one\n",
    "tab after a colon": "a:\t1\n",
    "tab before a colon": "a\t: 1\n",
    "tab inside brackets": "a: [\n\t1\n]\n",
}


def read(text, loader):
    try:
        return f"reads {yaml.load(text, Loader=loader)}"
    except yaml.YAMLError:
        return "refuses it"


for name, text in TEXTS.items():
    print(
        f"{name}: Python {read(text, yaml.SafeLoader)},",
        f"C {read(text, yaml.CSafeLoader)}",
    )
ends = [
    yaml.compose("a: 1", Loader=loader).end_mark.line + 1
    for loader in (yaml.SafeLoader, yaml.CSafeLoader)
]
print('end of "a: 1": Python says line {}, C says line {}'.format(*ends))
PYTHON
"$place/venv/bin/python" "$place/see.py" >"$place/seen"
cat "$place/seen"
cmp - "$place/seen" <<'SEEN'
tab before a comment: Python refuses it, C reads {'a': 1}
tab after a colon: Python refuses it, C reads {'a': 1}
tab before a colon: Python refuses it, C reads {'a': 1}
tab inside brackets: Python refuses it, C reads {'a': [1]}
end of "a: 1": Python says line 1, C says line 2
SEEN
