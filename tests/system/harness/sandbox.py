"""`stellwerk sandbox proxmox` as a process of its own, and its control API."""

import http.client
import json
import os

from .process import Child, Unexpected

TOKEN = "a-token-for-tests"
TOKEN_ID = "stellwerk@pve!orchestrator"


class Sandbox:
    def __init__(self, binary, folder):
        self.log = os.path.join(folder, "sandbox.log")
        self._child = Child("the sandbox", [binary, "sandbox", "proxmox", "--listen", "127.0.0.1:0", "--state", os.path.join(folder, "sandbox.json"),
                                            "--token", TOKEN], self.log)
        self.port = self._child.number_after("stellwerk: proxmox sandbox on port ")
        self.url = f"http://127.0.0.1:{self.port}"

    def close(self):
        self._child.kill()

    def control(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, "/_control/" + path, None if body is None else json.dumps(body), {"Content-Type": "application/json"})
            response = connection.getresponse()
            text = response.read().decode()
        finally:
            connection.close()
        if response.status != 200:
            raise Unexpected(f"the sandbox takes {method} {path} {body}", f"{response.status} {text}")
        return json.loads(text)

    def guests(self):
        """{vmid: record} of everything but templates."""
        return {guest["vmid"]: guest for guest in self.control("GET", "state")["guests"] if not guest["template"]}

    def guests_of(self, service):
        """The records that bear the mark of this service."""
        return [guest for guest in self.guests().values() if f"stellwerk:{service}" in [line.strip() for line in guest["description"].splitlines()]]

    def running_tasks(self):
        return [task for task in self.control("GET", "state")["tasks"] if task.get("status") != "stopped"]

    def fault(self, kind, operation=None, **more):
        """One rule more; times=1 strikes once, without `times` for ever."""
        rule = {"fault": kind, "match": {"operation": operation} if operation else {}, **more}
        return self.control("POST", "faults", rule)

    def hits(self):
        """How often each rule has struck, in their order."""
        return [rule["hits"] for rule in self.control("GET", "faults")["rules"]]

    def clear_faults(self):
        self.control("DELETE", "faults")

    def calls(self, operation):
        """The calls of this operation since forget_calls(), oldest first."""
        return [call for call in self.control("GET", "calls")["calls"] if call.get("operation") == operation]

    def forget_calls(self):
        self.control("DELETE", "calls")

    def put_stranger(self, vmid, **more):
        self.control("POST", "guests", {"vmid": vmid, "name": f"stranger-{vmid}", "status": "running", **more})
        return self.guests()[vmid]

    def remove(self, vmid):
        self.control("DELETE", f"guests/{vmid}")
