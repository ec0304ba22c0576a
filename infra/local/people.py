"""Demonstration users of the local system, who sign in as people do: password, then TOTP."""

import base64
import fcntl
import json
import secrets
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyotp

from infra.local.deploy import Account
from infra.local.home import write_private

TOTP_SECONDS = 30
SPARE_SECONDS = 300
"""A cached token is used only while it lives this much longer."""
SIGN_IN = "USER_PASSWORD_AUTH"
MACHINE = "machine"

Say = Callable[[str], None]


class UnknownPerson(LookupError):
    """There is no demonstration user of that name."""


@dataclass
class Person:
    """What one user knows, and the token of the last sign-in."""

    name: str
    group: str
    password: str
    totp: str
    last_step: int = 0
    token: str = ""
    expires: float = 0.0

    def code(self, say: Say) -> str:
        """Return a TOTP code that was not used before, waiting for the next one when it must."""
        step = int(time.time() // TOTP_SECONDS)
        if step <= self.last_step:
            left = (self.last_step + 1) * TOTP_SECONDS - time.time()
            say(f"{self.name}'s last TOTP code is used up; the next one comes in {left:.0f} s")
            time.sleep(max(left, 0) + 0.1)
            step = int(time.time() // TOTP_SECONDS)
        self.last_step = step
        return pyotp.TOTP(self.totp).at(step * TOTP_SECONDS)


@dataclass(frozen=True)
class Pool:
    """A user pool's two clients, and where to reach it."""

    endpoint: str
    pool_id: str
    client_id: str
    machine_client_id: str


class People:
    """The users of one pool; their file is readable by its owner only."""

    def __init__(self, file: Path, pool: Pool, cognito: Any, say: Say) -> None:
        """Use a Cognito client that may administer the pool."""
        self._file, self._pool, self._cognito, self._say = file, pool, cognito, say

    def ensure(self, wanted: Mapping[str, str]) -> list[str]:
        """Create the users (name → group) who do not exist with TOTP enrolled; return the names created."""
        created = []
        with self._opened() as known:
            for name, group in wanted.items():
                if name not in known or not self._is_enrolled(name):
                    known[name] = self._enrol(name, group)
                    created.append(name)
        return created

    def token(self, name: str) -> str:
        """Return an access token of a user, from a real sign-in unless a recent one still lives."""
        with self._opened() as known:
            if name == MACHINE:
                person = known.setdefault(MACHINE, Person(MACHINE, "", "", ""))
            elif name in known:
                person = known[name]
            else:
                message = f"there is no user {name!r}: {', '.join([*sorted(known), MACHINE])}"
                raise UnknownPerson(message)
            if person.expires < time.time() + SPARE_SECONDS:
                self._keep(person, self._machine_result() if name == MACHINE else self._signed_in(person))
            return person.token

    def _signed_in(self, person: Person) -> Mapping[str, Any]:
        challenge = self._cognito.initiate_auth(
            ClientId=self._pool.client_id,
            AuthFlow=SIGN_IN,
            AuthParameters={"USERNAME": person.name, "PASSWORD": person.password},
        )
        answered = self._respond(challenge, person.name, SOFTWARE_TOKEN_MFA_CODE=person.code(self._say))
        result: Mapping[str, Any] = answered["AuthenticationResult"]
        return result

    def _enrol(self, name: str, group: str) -> Person:
        """Create a user from nothing and walk through the first sign-in."""
        pool_id, temporary = self._pool.pool_id, _password()
        with suppress(self._cognito.exceptions.UserNotFoundException):
            self._cognito.admin_delete_user(UserPoolId=pool_id, Username=name)
        self._cognito.admin_create_user(
            UserPoolId=pool_id, Username=name, TemporaryPassword=temporary, MessageAction="SUPPRESS"
        )
        self._cognito.admin_add_user_to_group(UserPoolId=pool_id, Username=name, GroupName=group)
        person = Person(name, group, _password(), "")
        challenge = self._cognito.initiate_auth(
            ClientId=self._pool.client_id,
            AuthFlow=SIGN_IN,
            AuthParameters={"USERNAME": name, "PASSWORD": temporary},
        )
        challenge = self._respond(challenge, name, NEW_PASSWORD=person.password)
        offered = self._cognito.associate_software_token(Session=challenge["Session"])
        person.totp = offered["SecretCode"]
        verified = self._cognito.verify_software_token(
            Session=offered["Session"], UserCode=person.code(self._say), FriendlyDeviceName="demonstration"
        )
        done = self._respond({"ChallengeName": "MFA_SETUP", "Session": verified["Session"]}, name)
        self._keep(person, done["AuthenticationResult"])
        return person

    def _respond(self, challenge: Mapping[str, Any], name: str, **answers: str) -> Mapping[str, Any]:
        answered: Mapping[str, Any] = self._cognito.respond_to_auth_challenge(
            ClientId=self._pool.client_id,
            ChallengeName=challenge["ChallengeName"],
            Session=challenge["Session"],
            ChallengeResponses={"USERNAME": name, **answers},
        )
        return answered

    def _is_enrolled(self, name: str) -> bool:
        try:
            user = self._cognito.admin_get_user(UserPoolId=self._pool.pool_id, Username=name)
        except self._cognito.exceptions.UserNotFoundException:
            return False
        return user["UserStatus"] == "CONFIRMED" and "SOFTWARE_TOKEN_MFA" in user.get(
            "UserMFASettingList", []
        )

    def _machine_result(self) -> Mapping[str, Any]:
        """Sign the machine client in with its client credentials, for every scope it may have."""
        client = self._cognito.describe_user_pool_client(
            UserPoolId=self._pool.pool_id, ClientId=self._pool.machine_client_id
        )["UserPoolClient"]
        form = {"grant_type": "client_credentials", "scope": " ".join(client.get("AllowedOAuthScopes", []))}
        login = base64.b64encode(f"{client['ClientId']}:{client['ClientSecret']}".encode()).decode()
        request = urllib.request.Request(  # noqa: S310
            f"{self._pool.endpoint}/oauth2/token",
            data=urllib.parse.urlencode(form).encode(),
            headers={"Authorization": f"Basic {login}", "Content-Type": "application/x-www-form-urlencoded"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            body = json.load(answer)
        return {"AccessToken": body["access_token"], "ExpiresIn": body["expires_in"]}

    def _keep(self, person: Person, result: Mapping[str, Any]) -> None:
        person.token, person.expires = result["AccessToken"], time.time() + result["ExpiresIn"]

    @contextmanager
    def _opened(self) -> Iterator[dict[str, Person]]:
        """Yield the users on file and write them back; two processes take turns."""
        with self._file.with_suffix(".lock").open("a") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)
            held = json.loads(self._file.read_text()) if self._file.exists() else {}
            if held.get("pool") != self._pool.pool_id:
                held = {"people": {}}
            known = {name: Person(**fields) for name, fields in held["people"].items()}
            try:
                yield known
            finally:
                people = {name: asdict(person) for name, person in known.items()}
                write_private(
                    self._file, json.dumps({"pool": self._pool.pool_id, "people": people}, indent=1)
                )


def of(file: Path, account: Account, outputs: Mapping[str, str], say: Say) -> People:
    """Return the users of a deployment from its outputs."""
    pool = Pool(account.endpoint, outputs["UserPoolId"], outputs["UserClientId"], outputs["MachineClientId"])
    return People(file, pool, account.client("cognito-idp"), say)


def _password() -> str:
    return secrets.token_urlsafe(18) + "aA1!"
