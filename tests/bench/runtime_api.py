"""A Runtime API of Lambda that lets a function start and never responds with an event."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class RuntimeApi:
    """Serves one function on a free port of this machine until the `with` block ends."""

    def __enter__(self) -> RuntimeApi:
        self._asked = threading.Event()
        self._over = threading.Event()
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path.endswith("/invocation/next"):
                    api._asked.set()
                    api._over.wait()
                self.close_connection = True

            def do_POST(self) -> None:
                """Accepts `/init/error`: the function logs the reason and ends."""
                self.send_response(202)
                self.end_headers()

            def log_message(self, *_args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def address(self) -> str:
        """Returns the value of AWS_LAMBDA_RUNTIME_API."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    def wait_until_asked(self, seconds: float) -> bool:
        """Returns whether the function asks for an event, which ends its start, within the time."""
        return self._asked.wait(seconds)
