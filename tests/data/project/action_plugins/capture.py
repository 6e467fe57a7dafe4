"""Writes down what reaches a task, with the type of each part.

With `names` those of its variables, before anything is templated; else its argument
`value`. Both go to the file `to`, a JSON document a line.
"""

import json
import struct

from ansible.plugins.action import ActionBase


def typed(value):
    if value is None:
        return {"null": None}
    if isinstance(value, bool):
        return {"bool": bool(value)}
    if isinstance(value, int):
        return {"int": str(int(value))}
    if isinstance(value, float):
        return {"float": struct.pack(">d", value).hex()}
    if isinstance(value, str):
        return {"text": "".join(list(value))}
    if isinstance(value, (list, tuple)):
        return {"list": [typed(item) for item in value]}
    if hasattr(value, "items"):
        return {"map": [[typed(key), typed(item)] for key, item in value.items()]}
    return {"other": "%s %s" % (type(value).__name__, value)}


class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        arguments = self._task.args
        if "names" in arguments:
            found = {name: typed(task_vars.get(name)) for name in arguments["names"]}
        else:
            found = typed(arguments.get("value"))
        with open(arguments["to"], "a", encoding="utf-8") as stream:
            stream.write(json.dumps(found) + "\n")
        return {"changed": False}
