"""Demonstration users sign in as people do."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from infra.local import people
from tests.infra.local.conftest import Deployed

WANTED = {"admin": "admin", "sales": "sales", "sales2": "sales"}


def everybody(system: Deployed, file: Path) -> people.People:
    return people.of(file, system.account, system.outputs, lambda _: None)


@pytest.fixture
def enrolled(system: Deployed, tmp_path: Path) -> people.People:
    users = everybody(system, tmp_path / "people.json")
    users.ensure(WANTED)
    return users


def claims(system: Deployed, token: str) -> dict[str, Any]:
    status, authorizer = system.get(token)
    assert status == 200
    held: dict[str, Any] = authorizer["claims"]
    return held


def test_every_user_is_in_the_group_asked_for(system: Deployed, enrolled: people.People) -> None:
    found = {name: claims(system, enrolled.token(name)) for name in WANTED}

    assert {name: claim["cognito:groups"] for name, claim in found.items()} == WANTED
    assert {name: claim["username"] for name, claim in found.items()} == {name: name for name in WANTED}


def test_who_is_enrolled_stays_as_he_is(enrolled: people.People) -> None:
    token = enrolled.token("sales")

    created = enrolled.ensure(WANTED)

    assert created == []
    assert enrolled.token("sales") == token


def test_who_is_on_file_but_not_in_the_pool_is_enrolled_again(
    system: Deployed, enrolled: people.People
) -> None:
    cognito = system.account.client("cognito-idp")
    cognito.admin_delete_user(UserPoolId=system.outputs["UserPoolId"], Username="sales2")

    created = enrolled.ensure(WANTED)

    assert created == ["sales2"]


def test_a_machine_gets_its_scopes_and_no_group(system: Deployed, enrolled: people.People) -> None:
    claim = claims(system, enrolled.token(people.MACHINE))

    assert claim["scope"] == "soms/sales"
    assert "cognito:groups" not in claim


def test_secrets_are_for_the_owner_of_the_file_only(enrolled: people.People, tmp_path: Path) -> None:
    file = tmp_path / "people.json"

    enrolled.token("sales")

    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_an_unknown_name_is_told_the_known_ones(enrolled: people.People) -> None:
    with pytest.raises(people.UnknownPerson, match="admin, sales, sales2, machine"):
        enrolled.token("nobody")


def test_a_wrong_secret_does_not_sign_in(system: Deployed, enrolled: people.People, tmp_path: Path) -> None:
    file = tmp_path / "people.json"
    held = json.loads(file.read_text())
    held["people"]["admin"] |= {"totp": "A" * 32, "expires": 0.0, "last_step": 0}
    file.write_text(json.dumps(held))

    with pytest.raises(system.account.client("cognito-idp").exceptions.CodeMismatchException):
        enrolled.token("admin")
