from kinso.models.accounts import COMMAND_LINE, NewUser, Role
from kinso.models.validation import parse
from kinso.services.accounts.preferences import get_columns, save_columns
from kinso.services.accounts.users import create_user


def test_the_columns_of_a_person_are_there_when_they_come_back_and_nobody_elses(store):
    people = []
    for name in ("Ann", "Bob"):
        typed = {"email": f"{name}@shop.com", "name": name, "role": "analyst", "password": "correct horse battery"}
        people.append(create_user(store, COMMAND_LINE, parse(NewUser, typed)).acting("app"))
    ann, bob = people
    assert ann.role is Role.ANALYST
    assert get_columns(store, ann) == ()
    save_columns(store, ann, ["tags", "rfm"])
    assert get_columns(store, ann) == ("tags", "rfm")
    assert get_columns(store, bob) == ()
