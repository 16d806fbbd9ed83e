"""Layers that several networks share, in files.

Keras writes each network by itself: what two functional models share comes back as two layers, and
the numbers of a layer's calls begin anew in each model. Here a shared layer gets a mark, by which
Keras makes it once, and its calls are numbered on from one network to the next.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import keras


def mark_shared_layers(config: dict, arguments: dict) -> None:
    """Mark in serialized networks which layers are the same.

    Args:
        config: arguments of a constructor, serialized; changed in place.
        arguments: the arguments themselves: networks, or lists of networks, among them.

    Raises:
        ValueError: if another layer has the class and the name of a shared one.
    """
    keys = {key: number for number, key in enumerate(_shared_keys(arguments))}
    if keys:
        _mark(config, keys, {})


def _shared_keys(arguments: dict) -> list[tuple[str, str]]:
    """Class and name of each layer that is in several networks, and in no other shared layer."""
    parts: dict[int, keras.Layer] = {}
    networks_with: dict[int, int] = {}
    for network in keras.tree.flatten(list(arguments.values())):
        if isinstance(network, keras.Layer):
            layers = {id(part): part for part in network._flatten_layers()}
            parts |= layers
            networks_with |= {key: networks_with.get(key, 0) + 1 for key in layers}
    shared = {key: parts[key] for key, networks in networks_with.items() if networks > 1}
    inside = {id(p) for s in shared.values() for p in s._flatten_layers(include_self=False)}
    found = []
    for layer in (layer for key, layer in shared.items() if key not in inside):
        key = type(layer).__name__, layer.name
        if sum((type(p).__name__, p.name) == key for p in parts.values()) > 1:
            raise ValueError(
                f"Networks share a layer whose name another layer has too, and a file could not "
                f"tell them apart. Received: two {key[0]} layers named {key[1]!r}. Rename one."
            )
        found.append(key)
    return found


def _mark(part: Any, keys: dict, calls: dict) -> None:
    """Mark what is below a part of a config; `calls` counts those of each shared layer so far."""
    if isinstance(part, dict):
        inner = part.get("config")
        name = inner.get("name") if isinstance(inner, dict) else None
        key = part.get("class_name"), name
        if key in keys:
            part["shared_object_id"] = keys[key]
            return
        if part.get("class_name") == "Functional":
            _number_on(inner, keys, calls)
        part = list(part.values())
    if isinstance(part, (list, tuple)):
        for piece in part:
            _mark(piece, keys, calls)


def _number_on(config: dict, keys: dict, calls: dict) -> None:
    """Let the calls of shared layers in a functional model follow those in earlier models."""
    first = {}
    for layer in config["layers"]:
        key = layer["class_name"], layer["config"].get("name")
        if key in keys:
            first[layer["name"]] = calls.get(key, 0)
            calls[key] = first[layer["name"]] + len(layer["inbound_nodes"])

    def shift(part: Any) -> None:
        if isinstance(part, dict):
            part = list(part.values())
        if isinstance(part, (list, tuple)):
            # Where a tensor comes from: the name of a layer, which call, which output.
            if len(part) == 3 and part[0] in first and isinstance(part[1], int):
                part[1] += first[part[0]]
            else:
                for piece in part:
                    shift(piece)

    for layer in config["layers"]:
        shift(layer["inbound_nodes"])
    shift(config["output_layers"])


@contextlib.contextmanager
def shared_once() -> Iterator[None]:
    """Inside the block, Keras makes what is marked as shared once; within a file, it does so."""
    from keras.src.backend.common import global_state
    from keras.src.saving.serialization_lib import ObjectSharingScope

    inside_a_file = global_state.get_global_attribute("shared_objects/id_to_obj_map") is not None
    with contextlib.nullcontext() if inside_a_file else ObjectSharingScope():
        yield
