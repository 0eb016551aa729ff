"""A stand-in for a service: `toy_service.py SERVICE COMMAND`, ready at once, ended by SIGTERM."""

import http.server
import os
import signal
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    """Ready, whatever is asked."""

    def do_GET(self) -> None:
        """Say which process answers, or where it was told that people reach it."""
        self.send_response(200)
        self.end_headers()
        told = os.environ.get(f"LATERAL_{sys.argv[1].upper()}_PUBLIC_URL", "")
        self.wfile.write((told if self.path == "/public-url" else str(os.getpid())).encode())


def main(service: str, command: str) -> None:
    """Serve as `api`, `worker` or `all`; any other command just ends."""
    variable = {"all": "PORT", "api": "PORT", "worker": "WORKER_PORT"}.get(command)
    if variable is None:
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    port = int(os.environ[f"LATERAL_{service.upper()}_{variable}"])
    http.server.HTTPServer(("127.0.0.1", port), Handler).serve_forever()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
