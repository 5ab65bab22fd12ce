"""The pages for operators do not tell what is not so."""

from __future__ import annotations

import re

import kubernetes_validate
import yaml

from tests.support.kustomize import merged
from tests.support.metrics import rule_groups
from tests.support.source_code import ROOT

_PAGES = ROOT / "docs" / "operate"
DOCUMENT = (_PAGES / "kubernetes.md").read_text()
METRICS = (_PAGES / "metrics.md").read_text()

_SHOP = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: shop
          image: shop:1
          env: [{name: LANG, value: C.UTF-8}]
"""


def test_named_files_are_there() -> None:
    """Every path of kube/ that the page names exists, and every manifest is named."""
    named = set(re.findall(r"kube/[\w/.-]*\w", DOCUMENT + METRICS))
    assert {name for name in named if not (ROOT / name).exists()} == set()
    for path in (ROOT / "kube").rglob("*.yaml"):
        place = path.relative_to(ROOT)
        is_named = str(place) in named or str(place.parent) in named
        assert is_named or path.name == "kustomization.yaml", place


def test_lines_for_a_deployment_fit_into_one() -> None:
    """The lines to add make a Deployment that Kubernetes takes, and lose nothing."""
    (block,) = re.findall(r"(?ms)^```yaml\n(.*?)^```$", DOCUMENT)
    deployment = merged(yaml.safe_load(_SHOP), yaml.safe_load(block))
    for version in ("1.28", kubernetes_validate.latest_version()):
        kubernetes_validate.validate(deployment, version, strict=True)
    pod = deployment["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    names = {variable["name"] for variable in container["env"]}
    assert names == {"LANG", "LIVECONFIG_PATH", "LIVECONFIG_SCHEMA"}
    (mount,), (volume,) = container["volumeMounts"], pod["volumes"]
    assert mount["name"] == volume["name"]
    path = next(v["value"] for v in container["env"] if v["name"] == "LIVECONFIG_PATH")
    assert path.startswith(mount["mountPath"] + "/")


def test_told_alerts_are_the_rules() -> None:
    """The table of alerts names each rule, and for how long it waits."""
    told = re.findall(r"(?m)^\| `(Liveconfig\w+)` \| .* for (a|\d+) minute", METRICS)
    minutes = {name: "1m" if count == "a" else f"{count}m" for name, count in told}
    (group,) = rule_groups()["groups"]
    assert minutes == {rule["alert"]: rule["for"] for rule in group["rules"]}
