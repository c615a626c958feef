"""New projects of LDtk 1.5.

The format: https://ldtk.io/json. LDtk removes values that an IntGrid does not define when it opens
a project, so none are written.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Sequence
from copy import deepcopy
from typing import Any

import numpy as np
from pydantic import BaseModel, Field

from gansmith.media.levels.legend import EMPTY, Legend
from gansmith.media.levels.level import Level
from gansmith.media.levels.reading.ldtk import Side
from gansmith.storage.reading import validated

NAMES = uuid.uuid5(uuid.NAMESPACE_URL, "https://ldtk.io/json")
"""What the identities of new parts of projects are derived from."""
_GAP = 16
"""Pixels between levels of a world."""

Values = dict[str, Any]


class _Numbered(BaseModel):
    """The next number that nothing in a project has."""

    next: Side = Field(alias="nextUid")


def encode_ldtk(levels: Sequence[Level], legend: Legend, *, side: int = 16) -> bytes:
    """Write levels as a new project with one IntGrid.

    The identifiers of its values follow from the legend, so that reading the project gives the
    same levels.

    Args:
        levels: At least one.
        legend: Of all levels.
        side: Of a cell, in pixels.
    """
    project = _new_project(legend, side)
    numbers = np.arange(1, len(legend.symbols) + 1)
    if EMPTY in legend.positions:
        numbers[legend.positions[EMPTY]] = 0
    for level in levels:
        taken = [each["identifier"] for each in project["levels"]]
        made = place_level(project, _LEVEL, project["levels"], level, side, taken)
        made["layerInstances"] = [
            {
                **_INSTANCE,
                "__cWid": level.size[1],
                "__cHei": level.size[0],
                "__gridSize": side,
                "iid": str(uuid.uuid5(NAMES, f"{made['iid']} {_INSTANCE['layerDefUid']}")),
                "levelId": made["uid"],
                "intGridCsv": numbers[level.tiles].ravel().tolist(),
            }
        ]
    return (json.dumps(project, indent="\t", ensure_ascii=False) + "\n").encode()


def place_level(
    project: Values,
    like: Values,
    siblings: list[Values],
    level: Level,
    side: int,
    taken: Collection[str],
) -> Values:
    """Add a level without layers to a list of levels, right of the others.

    Args:
        project: Gives it a number.
        like: A level that it takes other values from.
        siblings: Levels that it comes after.
        level: Its name becomes the identifier.
        side: Of a cell, in pixels.
        taken: Identifiers of the project.
    """
    name = "".join(sign if sign.isalnum() and sign.isascii() else "_" for sign in level.name)
    name = name.strip("_") or "Level"
    name = f"Level_{name}" if name[0].isdigit() else name
    number, base = 1, name
    while name in taken:
        number, name = number + 1, f"{base}_{number + 1}"
    uid = validated(project, _Numbered, "the project").next
    project["nextUid"] = uid + 1
    rows, columns = level.size
    ends = [whole(each["worldX"]) + whole(each["pxWid"]) for each in siblings]
    linear = str(project.get("worldLayout")).startswith("Linear")
    made: Values = {
        **deepcopy({key: value for key, value in like.items() if key != "__header__"}),
        "identifier": name,
        "iid": str(uuid.uuid5(NAMES, f"{project.get('iid', '')} level {uid}")),
        "uid": uid,
        "worldX": -1 if linear else max(ends, default=-_GAP) + _GAP,
        "worldY": -1 if linear else whole(like["worldY"]),
        "pxWid": columns * side,
        "pxHei": rows * side,
        "useAutoIdentifier": False,
        "__neighbours": [],
    }
    siblings.append(made)
    return made


def whole(value: Any) -> int:
    """Return a checked number of a project, which some programs write as a text."""
    return int(float(value))


def _new_project(legend: Legend, side: int) -> Values:
    """Return a project without levels, whose IntGrid has a value for each symbol but the empty."""
    project = deepcopy(_PROJECT)
    (layer,) = project["defs"]["layers"]
    layer["gridSize"] = side
    layer["intGridValues"] = [
        {
            "value": place + 1,
            "identifier": legend.identifiers[place],
            "color": "#{:02X}{:02X}{:02X}".format(*legend.palette[place]),
            "tile": None,
            "groupUid": 0,
        }
        for place in range(len(legend.symbols))
        if legend.positions.get(EMPTY) != place
    ]
    project["iid"] = str(uuid.uuid5(NAMES, "\n".join(legend.symbols)))
    project["dummyWorldIid"] = str(uuid.uuid5(NAMES, project["iid"]))
    for key in ("defaultGridSize", "defaultEntityWidth", "defaultEntityHeight"):
        project[key] = side
    return project


_PROJECT: Values = json.loads("""{
"__header__": {
    "fileType": "LDtk Project JSON", "app": "LDtk", "doc": "https://ldtk.io/json",
    "schema": "https://ldtk.io/files/JSON_SCHEMA.json", "appAuthor": "Sebastien 'deepnight' Benard",
    "appVersion": "1.5.3", "url": "https://ldtk.io"
},
"iid": "", "jsonVersion": "1.5.3", "appBuildId": 473703, "nextUid": 2, "identifierStyle": "Free",
"toc": [], "worldLayout": "Free", "worldGridWidth": 256, "worldGridHeight": 256,
"defaultLevelWidth": 256, "defaultLevelHeight": 256, "defaultPivotX": 0, "defaultPivotY": 0,
"defaultGridSize": 16, "defaultEntityWidth": 16, "defaultEntityHeight": 16,
"bgColor": "#40465B", "defaultLevelBgColor": "#696A79", "minifyJson": false,
"externalLevels": false, "exportTiled": false, "simplifiedExport": false,
"imageExportMode": "None", "exportLevelBg": true, "pngFilePattern": null,
"backupOnSave": false, "backupLimit": 10, "backupRelPath": null,
"levelNamePattern": "Level_%idx", "tutorialDesc": null, "customCommands": [], "flags": [],
"defs": {
    "layers": [{
        "__type": "IntGrid", "identifier": "IntGrid", "type": "IntGrid", "uid": 1, "doc": null,
        "uiColor": null, "gridSize": 16, "guideGridWid": 0, "guideGridHei": 0,
        "displayOpacity": 1, "inactiveOpacity": 1, "hideInList": false,
        "hideFieldsWhenInactive": false, "canSelectWhenInactive": true, "renderInWorldView": true,
        "pxOffsetX": 0, "pxOffsetY": 0, "parallaxFactorX": 0, "parallaxFactorY": 0,
        "parallaxScaling": true, "requiredTags": [], "excludedTags": [],
        "autoTilesKilledByOtherLayerUid": null, "uiFilterTags": [], "useAsyncRender": false,
        "intGridValues": [], "intGridValuesGroups": [], "autoRuleGroups": [],
        "autoSourceLayerDefUid": null, "tilesetDefUid": null, "tilePivotX": 0, "tilePivotY": 0,
        "biomeFieldUid": null
    }],
    "entities": [], "tilesets": [], "enums": [], "externalEnums": [], "levelFields": []
},
"levels": [], "worlds": [], "dummyWorldIid": ""
}""")

_LEVEL: Values = json.loads("""{
"identifier": "", "iid": "", "uid": 0, "worldX": 0, "worldY": 0, "worldDepth": 0,
"pxWid": 0, "pxHei": 0, "__bgColor": "#696A79", "bgColor": null, "useAutoIdentifier": false,
"bgRelPath": null, "bgPos": null, "bgPivotX": 0.5, "bgPivotY": 0.5, "__smartColor": "#ADADB5",
"__bgPos": null, "externalRelPath": null, "fieldInstances": [], "layerInstances": [],
"__neighbours": []
}""")

_INSTANCE: Values = json.loads("""{
"__identifier": "IntGrid", "__type": "IntGrid", "__cWid": 1, "__cHei": 1, "__gridSize": 16,
"__opacity": 1, "__pxTotalOffsetX": 0, "__pxTotalOffsetY": 0, "__tilesetDefUid": null,
"__tilesetRelPath": null, "iid": "", "levelId": 0, "layerDefUid": 1, "pxOffsetX": 0,
"pxOffsetY": 0, "visible": true, "optionalRules": [], "intGridCsv": [], "autoLayerTiles": [],
"seed": 0, "overrideTilesetUid": null, "gridTiles": [], "entityInstances": []
}""")
