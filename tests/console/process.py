"""A process of a service as the protocol allows it to be: plain HTTP, by hand."""

import json
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen


class ProcessByHand:
    """Holds a stream open, and reports whatever it is told to."""

    def __init__(self, url: str, token: str, namespace: str, service: str) -> None:
        self._url = f"{url}/v1/agent/"
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._who = {"namespace": namespace, "service": service}
        query = urlencode({**self._who, "instance": "by-hand"})
        self._stream = self._open(f"stream?{query}")
        data = next(line for line in self._stream if line.startswith(b"data: "))
        self._session = json.loads(data.removeprefix(b"data: "))["session"]

    def report(self, state: str, reason: str, **said: object) -> None:
        """Tell what became of the bundle that is in force now."""
        with self._open(f"bundle?{urlencode(self._who)}") as bundle:
            version = int(bundle.headers["Configsvc-Version"])
            digest = bundle.headers["ETag"].strip('"')
        held = {"version": version, "digest": digest, "state": state, "reason": reason}
        who = {**self._who, "instance": "by-hand", "session": self._session}
        self._open("report", {**who, "reports": [held], **said}).close()

    def close(self) -> None:
        """End the stream."""
        self._stream.close()

    def _open(self, path: str, body: object = None) -> Any:  # noqa: ANN401 an open answer
        data = None if body is None else json.dumps(body).encode()
        return urlopen(Request(self._url + path, data, self._headers))  # noqa: S310 loopback
