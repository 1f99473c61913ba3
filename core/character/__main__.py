"""`python -m core.character` prints `characters/character.schema.json`."""

from __future__ import annotations

import json
import sys

from core.character.editors import json_schema

sys.stdout.write(json.dumps(json_schema(), indent=2) + "\n")
