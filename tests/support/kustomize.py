"""
kustomize's folders as the objects that `kubectl apply -k` sends, without kubectl.

Owns: resources, strategic merge patches, images, the namespace, generated ConfigMaps:
    as much of kustomize as this project's folders use, and no more.
Must not know: what the objects are for.
Runs in: the test process.

A field of a kustomization that is not known here is an error and never left out. That
the result is the one of the real kustomize is checked where kubectl is installed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

Object = dict[str, Any]

# By what the items of a list are told apart; every other list is replaced as a whole.
_MERGE_KEYS = {
    "containers": "name",
    "env": "name",
    "volumeMounts": "mountPath",
    "volumes": "name",
}
_FIELDS = {
    "apiVersion",
    "configMapGenerator",
    "images",
    "kind",
    "namespace",
    "patches",
    "resources",
}
_CLUSTER_WIDE = {"Namespace"}


def build(folder: Path) -> list[Object]:
    """Return the objects of a folder with a kustomization.yaml."""
    (kustomization,) = documents(folder / "kustomization.yaml")
    unknown = kustomization.keys() - _FIELDS
    assert not unknown, f"{folder}: unknown to this reading of kustomize: {unknown}"
    objects = []
    for name in kustomization.get("resources", []):
        path = (folder / name).resolve()
        if path.is_dir():
            assert path not in folder.resolve().parents, f"{folder}: a cycle by {name}"
            objects += build(path)
        else:
            assert folder.resolve() in path.parents, f"{folder}: {name} is outside"
            objects += documents(path)
    objects += [
        _generated(g, folder) for g in kustomization.get("configMapGenerator", [])
    ]
    for patch in kustomization.get("patches", []):
        assert patch.keys() == {"path"}, f"{folder}: {patch}"
        for document in documents(folder / patch["path"]):
            objects = _patched(objects, document)
    for image in kustomization.get("images", []):
        _set_image(objects, image)
    if namespace := kustomization.get("namespace"):
        for each in objects:
            if each["kind"] not in _CLUSTER_WIDE:
                each["metadata"]["namespace"] = namespace
    return objects


def documents(path: Path) -> list[Object]:
    """Return the documents of a YAML file."""
    return [each for each in yaml.safe_load_all(path.read_text()) if each is not None]


def identity(each: Object) -> tuple[str, str]:
    """Return kind and name: by that the objects of one namespace differ."""
    return each["kind"], each["metadata"]["name"]


def _generated(generator: Object, folder: Path) -> Object:
    options = generator["options"]
    assert options.keys() <= {"disableNameSuffixHash", "labels"}
    assert options["disableNameSuffixHash"] is True, "a hashed name means a restart"
    data = {}
    for entry in generator["files"]:
        name, _, path = entry.rpartition("=")
        data[name or Path(path).name] = (folder / path).read_text()
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": generator["name"], "labels": options.get("labels", {})},
        "data": data,
    }


def _patched(objects: list[Object], patch: Object) -> list[Object]:
    found = [each for each in objects if identity(each) == identity(patch)]
    assert len(found) == 1, f"a patch of {identity(patch)} finds {len(found)} objects"
    return [merged(each, patch) if each is found[0] else each for each in objects]


def merged(old: Any, patch: Any, field: str = "") -> Any:
    """Return `old` with a strategic merge patch applied; null removes a field."""
    if isinstance(old, dict) and isinstance(patch, dict):
        result = dict(old)
        for name, value in patch.items():
            if value is None:
                result.pop(name, None)
            else:
                result[name] = merged(old.get(name), value, name)
        return result
    if isinstance(old, list) and field in _MERGE_KEYS:
        return _merged_list(old, patch, _MERGE_KEYS[field])
    return patch


def _merged_list(old: list[Object], patch: list[Object], key: str) -> list[Object]:
    patches = {each[key]: each for each in patch}
    # What is new comes first, as kustomize has it.
    new = [each for each in patch if each[key] not in {item[key] for item in old}]
    kept = [
        merged(item, patches[item[key]]) if item[key] in patches else item
        for item in old
    ]
    return new + kept


def _set_image(objects: list[Object], image: Object) -> None:
    assert image.keys() <= {"name", "newName", "newTag", "digest"}, image
    for each in objects:
        pod = each.get("spec", {}).get("template", {}).get("spec", {})
        for container in pod.get("containers", []):
            name, _, tag = container["image"].partition(":")
            if name == image["name"]:
                name, tag = image.get("newName", name), image.get("newTag", tag)
                container["image"] = f"{name}:{tag}"
                if "digest" in image:
                    container["image"] = f"{name}@{image['digest']}"
