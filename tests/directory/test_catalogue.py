"""The catalogue of purposes and fields, as a works council reads it."""

import httpx

from tests.fixtures.issuer import Issuer


async def test_every_field_says_what_it_is_for_how_long_it_stays_and_who_reads_it(
    api: httpx.AsyncClient, issuer: Issuer
) -> None:
    answer = await api.get("/v1/privacy/catalogue", headers=issuer.bearer("employee"))
    tables = {table["table"]: table for table in answer.json()["tables"]}
    people = {column["name"]: column for column in tables["people"]["columns"]}
    assert people["not_with"] == {
        "name": "not_with",
        "type": "uuid[]",
        "comment": people["not_with"]["comment"],
        "purpose": people["not_with"]["comment"] or "Whom they will not be matched with; confidential.",
        "data_class": "identity",
        "kept_days": 395,
        "read_by": "The person alone.",
    }
    for name, table in tables.items():
        for column in table["columns"]:
            assert column["purpose"], f"{name}.{column['name']}"
            assert (column["data_class"], column["kept_days"]) == (table["data_class"], table["kept_days"])
    keys = {column["name"]: column["read_by"] for column in tables["exports"]["columns"]}
    assert keys["private_key"].startswith("Left out of every copy")
    assert "colleagues see" in people["display_name"]["read_by"]
