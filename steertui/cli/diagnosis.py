"""Facts for a bug report (`steertui doctor`): versions, devices, folders, accounts and the terminal.

Every section is a function that returns plain data; `problems` lists what looks wrong.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from core.errors import SteerError
from core.python_child import python_command, python_environment
from core.secrets import scrub
from steertui import __version__, catalogue, paths
from steertui.terminal import abilities

LIBRARIES = ("torch", "transformers", "accelerate", "safetensors", "gguf", "numpy", "textual", "anthropic")
EXTRAS = ("peft", "bitsandbytes", "matplotlib", "inspect-ai")
DEVICES_TIMEOUT_S = 120


def library_versions() -> dict[str, Any]:
    found = {name: _installed_version(name) for name in (*LIBRARIES, *EXTRAS)}
    return {
        "steertui": __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
    } | found


def list_devices() -> dict[str, Any]:
    """List devices with torch in a separate process, which may hang or crash."""
    try:
        done = subprocess.run(
            python_command("core.loading.devices"),
            env=python_environment(),
            capture_output=True,
            text=True,
            timeout=DEVICES_TIMEOUT_S,
            check=True,
        )
    except subprocess.TimeoutExpired:
        return {"problem": f"torch gave no answer in {DEVICES_TIMEOUT_S} s: a GPU driver may hang"}
    except subprocess.CalledProcessError as error:
        return {
            # The last line of a traceback names the error.
            "problem": f"torch does not start: {(error.stderr.strip().splitlines() or ['no message'])[-1]}"
        }
    return dict(json.loads(done.stdout))


def folder_paths() -> dict[str, Any]:
    """Each folder, or why it cannot be used."""
    found: dict[str, Any] = {}
    for name, folder in paths.FOLDERS.items():
        try:
            found[name] = str(folder())
        except SteerError as error:
            found[name] = {"problem": str(error)}
    return found


def account_facts() -> dict[str, Any]:
    """Whether keys are set; their values are not read."""
    from huggingface_hub import constants, get_token

    address = os.environ.get("ANTHROPIC_BASE_URL")
    return {
        "hub_token": get_token() is not None,
        "hub_offline": constants.HF_HUB_OFFLINE,
        "hub_cache": constants.HF_HUB_CACHE,
        "anthropic_key": bool(os.environ.get("ANTHROPIC_API_KEY")),
        "anthropic_base_url": address and scrub(address),
    }


def model_problems() -> dict[str, Any]:
    return {entry.name: entry.problem or "ok" for entry in catalogue.list_models()}


SECTIONS: dict[str, Callable[[], dict[str, Any]]] = {
    "versions": library_versions,
    "devices": list_devices,
    "folders": folder_paths,
    "accounts": account_facts,
    "models": model_problems,
    "terminal": abilities.probe_terminal,
}


def collect_diagnosis() -> dict[str, Any]:
    """Every section, and the list of problems."""
    report: dict[str, Any] = {name: section() for name, section in SECTIONS.items()}
    return report | {"problems": list(_find_problems(report))}


def _find_problems(report: Mapping[str, Any]) -> list[str]:
    found = [
        part["problem"] for part in (report["devices"], *report["folders"].values()) if "problem" in part
    ]
    found += [f"{name} is not installed" for name in LIBRARIES if report["versions"][name] is None]
    found += abilities.find_problems(report["terminal"])
    if not any(name.startswith("demo-") for name in report["models"]):
        found.append("the demo models are missing: install steertui again")
    return found


def _installed_version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
