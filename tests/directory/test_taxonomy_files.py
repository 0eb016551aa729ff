"""Files that taxonomies come as: each line is read by itself, whatever its neighbours are."""

import pytest

from services.directory.domain.taxonomy import Labels, fold, terms
from services.directory.domain.taxonomy_files import ONET, Line, read
from shared.refusal import InvalidRequest

ESCO = [
    "\ufeffconceptType,conceptUri,skillType,reuseLevel,preferredLabel,altLabels,hiddenLabels,status,modifiedDate",
    'K,http://e/1,skill/competence,sector-specific,manage staff,"lead staff\nhead staff",run staff,released,2024-01-01',
    'K,http://e/2,knowledge,cross-sector,"say ""no""",,,obsolete,2024-01-01',
]


def numbers(lines: list[Line]) -> list[tuple[int, bool]]:
    return [(line.number, line.entry is not None) for line in lines]


def test_escos_skills_have_alternatives_a_line_apart() -> None:
    form, lines = read("\n".join(ESCO).encode())
    assert form == "esco"
    first, second = (line.entry for line in lines)
    assert [line.number for line in lines] == [2, 4]
    assert first
    assert (first.label, first.alternatives, first.broader) == (
        "manage staff",
        ("lead staff", "head staff", "run staff"),
        None,
    )
    assert second
    assert (second.label, second.deprecated, first.deprecated) == ('say "no"', True, False)


def test_escos_relations_tell_only_places_in_the_tree() -> None:
    text = "conceptType,conceptUri,broaderType,broaderUri\nK,http://e/2,K,http://e/1\n"
    form, (line,) = read(text.encode())
    assert form == "esco-relations"
    assert line.entry
    assert (line.entry.skill_id, line.entry.label, line.entry.broader) == ("http://e/2", None, ("http://e/1",))


def test_onets_elements_lie_below_the_number_they_begin_with() -> None:
    form, lines = read(b"Element ID\tElement Name\tDescription\n2.A\tBasic skills\t\n2.A.1\tContent\tWords, words\n")
    assert form == "onet"
    assert [(line.entry.skill_id, line.entry.broader) for line in lines if line.entry] == [
        (f"{ONET}2.A", (f"{ONET}2",)),
        (f"{ONET}2.A.1", (f"{ONET}2.A",)),
    ]


def test_a_plain_file_has_bars_between_several_names() -> None:
    form, (line,) = read(b"id;label;parent;altLabels\nurn:a;Baking;urn:p|urn:q;Bread making|Bread making\n")
    assert form == "csv"
    assert line.entry
    assert (line.entry.broader, line.entry.alternatives) == (("urn:p", "urn:q"), ("Bread making",))


def test_a_broken_line_costs_itself_alone() -> None:
    text = "\n".join(
        [
            "id,label",
            "urn:1,One",
            "urn:2",
            'urn:3,"Three',
            "urn:4,Four",
            "urn:5,Five,5",
            "",
            f"urn:6,{'x' * 201}",
            "urn:7,",
            "urn:8,Ei\0ght",
            'urn:9,"Ni"ne',
            "urn:10,Ten",
        ]
    )
    _, lines = read(text.encode())
    assert numbers(lines) == [
        (2, True),
        (3, False),
        (4, False),
        (5, True),
        (6, False),
        (8, False),
        (9, False),
        (10, False),
        (11, True),
        (12, True),
    ]
    assert [line.detail and line.detail.split(":")[0] for line in lines if not line.entry] == [
        "has 1 columns, not 2",
        "a quotation mark is never closed",
        "has 3 columns, not 2",
        "label",
        "label",
        "label",
    ]


def test_a_quotation_mark_that_is_never_closed_swallows_nothing() -> None:
    rows = [f"urn:{number},Skill {number}" for number in range(1000)]
    rows[10] = 'urn:10,"Skill 10'
    _, lines = read("\n".join(["id,label", *rows]).encode())
    assert [line.number for line in lines if line.entry is None] == [12]
    assert len(lines) == 1000


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"\xff\xfe\0i\0d", b"id,label\n\xff,x\n"])
def test_what_is_no_taxonomy_at_all_is_refused_by_name(content: bytes) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read(content)
    assert refused.value.detail.startswith("body: ")


def test_text_is_compared_without_case_accents_and_blanks() -> None:
    assert fold("  Größe \t der Ménage ") == "grosse der menage"
    assert {(term.rank, term.term) for term in terms(Labels("Ad-hoc C++ 100%", frozenset({"Café"})))} == {
        (0, "ad-hoc c++ 100%"),
        (2, "hoc c++ 100%"),
        (2, "c++ 100%"),
        (2, "100%"),
        (1, "cafe"),
    }
