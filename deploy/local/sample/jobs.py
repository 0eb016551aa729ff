"""What people of the sample organization do: divisions, job families, titles and levels."""

from dataclasses import dataclass
from itertools import accumulate
from random import Random


@dataclass(frozen=True, slots=True)
class Family:
    """A job family; its key is also the key of its skills. `topics` are what its departments are called."""

    key: str
    code: str
    function: str
    role: str
    topics: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Division:
    """A part of the company under one officer; `share` is its part of all people, in percent."""

    code: str
    name: str
    head_title: str
    share: int
    families: tuple[Family, ...]


_SOFTWARE = Family(
    "software",
    "SWE",
    "Software Engineering",
    "Software Engineer",
    ("Online Shop", "Mobile Apps", "Payments", "Search", "Developer Platform", "Order Systems"),
)
_DATA = Family(
    "data", "DAT", "Data", "Data Scientist", ("Data Platform", "Business Insights", "Recommendations", "Experiments")
)
_INFRASTRUCTURE = Family(
    "infrastructure",
    "INF",
    "Infrastructure",
    "Systems Engineer",
    ("Cloud Operations", "Information Security", "Workplace IT", "Networks"),
)
_PRODUCT = Family(
    "product",
    "PRD",
    "Product",
    "Product Designer",
    ("Product Discovery", "Product Design", "User Research", "Pricing", "New Products"),
)
_OPERATIONS = Family(
    "operations",
    "OPS",
    "Operations",
    "Operations Specialist",
    ("Production", "Quality", "Maintenance", "Process Excellence", "Health and Safety"),
)
_SUPPLY = Family(
    "supply",
    "SUP",
    "Supply Chain",
    "Supply Chain Specialist",
    ("Procurement", "Logistics", "Demand Planning", "Warehousing", "Customs"),
)
_SALES = Family(
    "sales",
    "SAL",
    "Sales",
    "Account Executive",
    ("Key Accounts", "New Business", "Partner Sales", "Sales Operations", "Public Sector"),
)
_CARE = Family(
    "care",
    "CUS",
    "Customer Care",
    "Customer Advisor",
    ("Customer Support", "Technical Support", "Customer Success", "Complaints"),
)
_MARKETING = Family(
    "marketing",
    "MKT",
    "Marketing",
    "Marketing Specialist",
    ("Brand", "Digital Marketing", "Communications", "Events"),
)
_FINANCE = Family("finance", "FIN", "Finance", "Financial Analyst", ("Accounting", "Controlling", "Treasury", "Tax"))
_PEOPLE = Family("people", "HRS", "Human Resources", "HR Partner", ("Talent", "People Partners", "Learning", "Rewards"))
_LEGAL = Family("legal", "LEG", "Legal", "Counsel", ("Contracts", "Data Protection", "Internal Audit", "Compliance"))

DIVISIONS: tuple[Division, ...] = (
    Division("TEC", "Technology", "Chief Technology Officer", 25, (_SOFTWARE, _DATA, _SOFTWARE, _INFRASTRUCTURE)),
    Division("OPS", "Operations", "Chief Operating Officer", 20, (_OPERATIONS, _SUPPLY)),
    Division("SAL", "Sales", "Chief Sales Officer", 15, (_SALES,)),
    Division("CUS", "Customer Care", "Chief Customer Officer", 13, (_CARE,)),
    Division("PRD", "Product", "Chief Product Officer", 8, (_PRODUCT,)),
    Division("FIN", "Finance", "Chief Financial Officer", 7, (_FINANCE,)),
    Division("MKT", "Marketing", "Chief Marketing Officer", 6, (_MARKETING,)),
    Division("PPL", "People and Legal", "Chief People Officer", 6, (_PEOPLE, _LEGAL)),
)
GENERAL = Family("operations", "MGT", "General Management", "Business Manager", ())
FAMILIES: tuple[Family, ...] = tuple(dict.fromkeys(family for part in DIVISIONS for family in part.families))

_GRADES = ("Junior {}", "{}", "Senior {}", "Lead {}", "Principal {}")
_GRADE_WEIGHTS = tuple(accumulate((20, 35, 27, 13, 5)))
SENIOR_LEVEL = 4
FIRST_MANAGER_LEVEL = 6
TOP_LEVEL = 20


def draw_level(rng: Random) -> int:
    """A member's job level, 1 (junior) to 5 (principal)."""
    return rng.choices(range(1, len(_GRADES) + 1), cum_weights=_GRADE_WEIGHTS)[0]


def member_title(family: Family, level: int) -> str:
    """What a member of a family at a level is called."""
    return _GRADES[level - 1].format(family.role)
