#!/usr/bin/python
"""Gives back its argument `value`, which has been to another process and back."""

from ansible.module_utils.basic import AnsibleModule

module = AnsibleModule(argument_spec={"value": {"type": "raw"}})
module.exit_json(changed=False, echoed=module.params["value"])
