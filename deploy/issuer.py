"""The development issuer in a container of its own: `python -m deploy.issuer`. Its key dies with it."""

import os
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import uvicorn

from deploy.local.issuer import Issuer, create_app


def main() -> None:
    """Serve at the URL that LATERAL_ISSUER names, to the containers beside this one."""
    url = os.environ["LATERAL_ISSUER"]
    issuer = Issuer(Path(tempfile.mkdtemp()), url)
    host = os.environ.get("LATERAL_HOST", "127.0.0.1")
    uvicorn.run(create_app(issuer), host=host, port=urlsplit(url).port or 80, access_log=False)


if __name__ == "__main__":
    main()
