"""SCIM filters and orders as SQL: the same answers as the library's own evaluator, by the database's indexes."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any
from unicodedata import normalize
from uuid import UUID

from scim2_models import InvalidFilterException, ScimFilter
from scim2_models.path import (
    AttributeBinding,
    AttrPath,
    CompareOperator,
    Comparison,
    FilterVisitor,
    LogicalExpr,
    LogicalOperator,
    Not,
    Present,
    ValuePath,
    coerce_value,
)

Op = CompareOperator
SIGNS = {Op.eq: "=", Op.gt: ">", Op.ge: ">=", Op.lt: "<", Op.le: "<="}
NOT_EMPTY = """'strict $.** ? ((@.type() == "string" && @ != "") || @.type() == "boolean" || @.type() == "number")'"""
EMAILS = "emails.value"


class Parameters:
    """The values of a statement, numbered as they are named."""

    def __init__(self) -> None:
        self.values: list[object] = []

    def add(self, value: object) -> str:
        """Keep a value and return its placeholder."""
        self.values.append(value)
        return f"${len(self.values)}"


class Compiler(FilterVisitor[str]):
    """A condition on one source's rows. `columns` names what is not read from `resource`, by attribute.

    Names in the text are the schema's own, never the caller's; every value is a parameter.
    """

    def __init__(
        self, bound: ScimFilter[Any], columns: Mapping[str, str], parameters: Parameters, root: str = "resource"
    ) -> None:
        self._bound = bound
        self._columns = columns
        self._parameters = parameters
        self._root = root
        self._inside: AttributeBinding | None = None

    def visit_logical_expr(self, node: LogicalExpr) -> str:
        """`and`, `or`."""
        joint = " AND " if node.op is LogicalOperator.and_ else " OR "
        return f"({joint.join(self.visit(term) for term in node.terms)})"

    def visit_not(self, node: Not) -> str:
        """`not (...)`: two-valued, as in SCIM."""
        return f"(NOT coalesce({self.visit(node.expr)}, false))"

    def visit_present(self, node: Present) -> str:
        """`pr`: there is something that is not empty."""
        binding = self._resolve(node.attr_path, comparison=False)
        if binding is None:
            return "false"
        if (column := self._columns.get(_name(binding))) and not binding.is_multivalued:
            return f"({column}::text <> '')"
        return f"coalesce(jsonb_path_exists({self._json(binding)}, {NOT_EMPTY}), false)"

    def visit_comparison(self, node: Comparison) -> str:
        """`attribute operator value`."""
        binding = self._resolve(node.attr_path, comparison=True)
        if binding is None:
            return "false"
        value = coerce_value(binding, node.value, node.op)
        if not binding.is_multivalued:
            return self._compare(self._scalar(binding), binding, node.op, value)
        if _name(binding) == EMAILS and node.op is Op.eq and isinstance(value, str) and "emails" in self._columns:
            return self._columns["emails"].format(self._parameters.add(value))
        if _name(binding) in {"members.value", "groups.value"} and node.op is Op.eq:
            return self._holds(binding, value)
        items, item = self._items(binding)
        if node.op is Op.ne:
            return f"(NOT EXISTS (SELECT FROM {items} WHERE {self._compare(item, binding, Op.eq, value)}))"
        return f"EXISTS (SELECT FROM {items} WHERE {self._compare(item, binding, node.op, value)})"

    def visit_value_path(self, node: ValuePath) -> str:
        """`attribute[filter]`: one of its values satisfies the filter."""
        binding = self._resolve(node.attr_path, comparison=False)
        if binding is None:
            return "false"
        inner = Compiler(self._bound, {}, self._parameters, "item")
        inner._inside = binding
        found = f"EXISTS (SELECT FROM {self._each(binding)} WHERE {inner.visit(node.val_filter)})"
        if binding.field_name == "emails" and (wanted := _wanted(node.val_filter)) is not None:
            # What the whole condition implies, said once more in a way that an index knows.
            return f"({self._columns['emails'].format(self._parameters.add(wanted))} AND {found})"
        return found

    def _resolve(self, path: AttrPath, *, comparison: bool) -> AttributeBinding | None:
        if self._inside is None:
            resolve = self._bound.resolve_comparison if comparison else self._bound.resolve
            return resolve(path, strict=False)
        model = self._inside.field_type
        inner = ScimFilter[model](f"{path} pr") if model else None  # type: ignore[valid-type]
        return inner.resolve(path, strict=False) if inner else None

    def _scalar(self, binding: AttributeBinding) -> str:
        if column := self._columns.get(_name(binding)):
            return column
        text = f"({self._root} #>> {_path(binding, inside=self._inside is not None)})"
        return f"{text}::boolean" if binding.target_type is bool else text

    def _json(self, binding: AttributeBinding) -> str:
        if binding.is_multivalued and binding.sub_field_name is not None:
            whole = f"({self._root} #> {_path(binding, inside=False, head=True)})"
            return f"jsonb_path_query_array({whole}, 'lax $[*].\"{_wire(binding)[-1]}\"')"
        return f"({self._root} #> {_path(binding, inside=self._inside is not None)})"

    def _each(self, binding: AttributeBinding) -> str:
        array = (
            self._columns.get(binding.field_name + "[]") or f"{self._root} #> {_path(binding, inside=False, head=True)}"
        )
        return f"jsonb_array_elements(CASE jsonb_typeof({array}) WHEN 'array' THEN {array} ELSE '[]' END) AS item"

    def _items(self, binding: AttributeBinding) -> tuple[str, str]:
        if binding.sub_field_name is None:
            return self._each(binding), "(item #>> '{}')"
        text = f"(item ->> '{_wire(binding)[-1]}')"
        return self._each(binding), f"{text}::boolean" if binding.target_type is bool else text

    def _holds(self, binding: AttributeBinding, value: object) -> str:
        """Membership by index."""
        try:
            who = UUID(str(value))
        except ValueError:
            return "false"
        return self._columns[_name(binding)].format(self._parameters.add(who))

    def _compare(self, actual: str, binding: AttributeBinding, op: CompareOperator, value: object) -> str:
        if value is None:
            return f"({actual} IS NULL)" if op is Op.eq else f"({actual} IS NOT NULL)" if op is Op.ne else "false"
        if _name(binding) == "id" and isinstance(value, str) and op in {Op.eq, Op.ne}:
            try:
                same = f"(id = {self._parameters.add(UUID(value))})" if str(UUID(value)) == value else "false"
            except ValueError:
                same = "false"
            return same if op is Op.eq else f"(NOT {same})"
        if isinstance(value, str) and binding.target_type in {datetime, bool}:
            return "false"  # a part of a text is looked for in what is none
        wanted = Op.eq if op is Op.ne else op
        met = (
            self._text(actual, binding, wanted, value) if isinstance(value, str) else self._value(actual, wanted, value)
        )
        return f"({actual} IS NULL OR NOT {met})" if op is Op.ne else met

    def _value(self, actual: str, op: CompareOperator, value: object) -> str:
        if op not in SIGNS:
            raise InvalidFilterException(detail=f"{op} compares strings.")
        kind = "timestamptz" if isinstance(value, datetime) else "boolean" if isinstance(value, bool) else "numeric"
        cast = f"({actual})::{kind}"
        return f"({actual if kind != 'numeric' else cast} {SIGNS[op]} {self._parameters.add(value)}::{kind})"

    def _text(self, actual: str, binding: AttributeBinding, op: CompareOperator, value: str) -> str:
        exact = binding.case_exact
        left = f'{actual} COLLATE "C"' if exact else f'lower({actual}) COLLATE "C"'
        value = normalize("NFC", value)
        given = self._parameters.add(value) + "::text"
        right = given if exact else f"lower({given})"
        match op:
            case Op.co:
                return f"(strpos({left}, {right}) > 0)"
            case Op.ew:
                return f"(right({left}, length({right})) = {right})"
            case Op.sw:
                # An index knows the bounds of a prefix, whatever it is; LIKE only where the planner sees the pattern.
                return f"({left} >= {right} AND {left} < {right} || chr(1114111) AND starts_with({left}, {right}))"
            case _:
                return f"({left} {SIGNS[op]} {right})"


def order(binding: AttributeBinding | None, columns: Mapping[str, str], root: str = "resource") -> str:
    """The expression by which a source's rows are ordered: the primary value of many, or the first."""
    if binding is None:
        return "NULL::text"
    scalar = partial(_folded, exact=binding.case_exact or binding.target_type is not str)
    if column := columns.get(_name(binding)):
        return scalar(column)
    if not binding.is_multivalued:
        text = f"({root} #>> {_path(binding, inside=False)})"
    else:
        key = f"entry ->> '{_wire(binding)[-1]}'" if binding.sub_field_name else "entry #>> '{}'"
        text = (
            f"(SELECT {key} FROM jsonb_array_elements({root} #> {_path(binding, inside=False, head=True)})"
            " WITH ORDINALITY AS each (entry, place)"
            " ORDER BY (entry ->> 'primary') = 'true' DESC NULLS LAST, place LIMIT 1)"
        )
    if binding.target_type is bool:
        return f"({text})::boolean"
    return scalar(text)


def _folded(text: str, *, exact: bool) -> str:
    return text if exact else f'(lower({text}) COLLATE "C")'


def _wire(binding: AttributeBinding) -> list[str]:
    """The attribute's place in the document: extension, attribute, sub-attribute."""
    schema, _, names = binding.urn.rpartition(":")
    parts = names.split(".")
    return [schema, *parts] if ":extension:" in schema else parts


def _name(binding: AttributeBinding) -> str:
    return ".".join(_wire(binding))


def _path(binding: AttributeBinding, *, inside: bool, head: bool = False) -> str:
    parts = _wire(binding)
    if inside:
        parts = parts[-1:]
    elif head and binding.sub_field_name is not None:
        parts = parts[:-1]
    return "'{" + ",".join(f'"{part}"' for part in parts) + "}'"


def _wanted(node: Any) -> str | None:
    """The address that a condition on one entry of `emails` asks for."""
    match node:
        case Comparison(AttrPath(attr, None), Op.eq, str(value)) if attr.lower() == "value":
            return value
        case LogicalExpr(LogicalOperator.and_, terms):
            return next((found for term in terms if (found := _wanted(term)) is not None), None)
        case _:
            return None
