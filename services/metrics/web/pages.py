"""Templates and their answer: HTML that may load our style sheet and nothing else."""

from functools import cache
from importlib import resources

from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from services.metrics.web import words

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
}
TEMPLATES = Environment(
    loader=PackageLoader("services.metrics.web"),
    autoescape=select_autoescape(),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
TEMPLATES.globals["cells_of"] = words.cells_of
TEMPLATES.filters.update(words.FILTERS)


def html(template: str, *, status: int = 200, **context: object) -> HTMLResponse:
    """A page from a template."""
    return HTMLResponse(TEMPLATES.get_template(template).render(context), status, HEADERS)


@cache
def style_sheet() -> str:
    """The text of the style sheet."""
    return resources.files("services.metrics.web").joinpath("static", "style.css").read_text("utf-8")
