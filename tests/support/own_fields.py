"""A pytest plugin: Kinso with fields that only a test has, one of each type; load it before anything of Kinso.

Nothing but the declaration is replaced.
"""

from decimal import Decimal

from kinso.models import fields
from kinso.models.field_types import Choice, Date, Number, Text, YesNo
from kinso.models.fields import Field

OWN = (
    Field("nickName", "Nickname", Text(longest=30), searchable=True, width=100, example="Addi"),
    Field("birthday", "Birthday", Date(), width=100, example="2000-02-29"),
    Field("shoeSize", "Shoe size", Number(Decimal(1), Decimal(60), 1), personal=False, width=90, example=42.5),
    Field("newsletter", "Newsletter", YesNo(), width=90, example=True),
    Field("language", "Language", Choice(("English", "German")), width=90, example="English"),
)

fields.FIELDS = (*fields.FIELDS, *OWN)
fields.BY_NAME = {field.name: field for field in fields.FIELDS}
