"""Puts the client's modules, which are among the service's in `src/registry`, into the wheel.

An editable installation gets the folder `src` alone: copies beside it would hide the service's modules.
"""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ClientModules(BuildHookInterface):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "standard":
            build_data["force_include"].update({f"../src/{path}": path for path in self.config["modules"]})
