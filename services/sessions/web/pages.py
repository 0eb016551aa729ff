"""Templates and their answer: HTML that may show its own style and send its own form, and nothing else."""

import base64
import hashlib
from importlib import resources

from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

STYLE = resources.files("services.sessions.web").joinpath("static", "style.css").read_text("utf-8")
DIGEST = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{DIGEST}'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "X-Robots-Tag": "noindex, nofollow",
}
TEMPLATES = Environment(
    loader=PackageLoader("services.sessions.web"),
    autoescape=select_autoescape(),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
TEMPLATES.globals["style"] = STYLE


def html(template: str, *, status: int = 200, **context: object) -> HTMLResponse:
    """A page from a template."""
    return HTMLResponse(TEMPLATES.get_template(template).render(context), status, HEADERS)
