"""Which tokens the running system refuses: each differs from a good one in a single thing."""

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from infra.local.people import SIGN_IN, Person
from tests.system.conftest import System

pytestmark = pytest.mark.system
Part = dict[str, Any]
PASSWORD = "Stranger-in-town-1"


def packed(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def parts(token: str) -> tuple[Part, Part]:
    """Return the header and the claims of a token."""
    header, claims = (json.loads(base64.urlsafe_b64decode(one + "==")) for one in token.split(".")[:2])
    return header, claims


def signed(header: Part, claims: Part, key: RSAPrivateKey) -> str:
    text = ".".join(packed(json.dumps(one).encode()) for one in (header, claims))
    return f"{text}.{packed(key.sign(text.encode(), padding.PKCS1v15(), SHA256()))}"


def own_key(system: System) -> RSAPrivateKey:
    """Return the key with which this system's own pool signs access tokens."""
    pool = system.status["outputs"]["UserPoolId"]
    key = load_pem_private_key((system.home / f"engine/cognito-pool-keys/{pool}-access.pem").read_bytes(), None)
    assert isinstance(key, RSAPrivateKey)
    return key


def resigned(system: System, **changed: object) -> str:
    """Return the administrator's token with some claims changed, signed by the pool itself."""
    header, claims = parts(system.token("admin"))
    return signed(header, claims | changed, own_key(system))


def expired(system: System) -> str:
    now = int(time.time())
    return resigned(system, iat=now - 3602, auth_time=now - 3602, exp=now - 2)


def not_yet_issued(system: System) -> str:
    return resigned(system, iat=int(time.time()) + 600)


def by_another_issuer(system: System) -> str:
    return resigned(system, iss="https://cognito-idp.ap-southeast-1.amazonaws.com/ap-southeast-1_Stranger")


def without_scope(system: System) -> str:
    return resigned(system, scope="openid")


def by_another_key(system: System) -> str:
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return signed(*parts(system.token("admin")), stranger)


def with_another_group(system: System) -> str:
    header, _, signature = system.token("sales").split(".")
    edited = parts(system.token("sales"))[1] | {"cognito:groups": ["admin"]}
    return ".".join([header, packed(json.dumps(edited).encode()), signature])


def unsigned(system: System) -> str:
    header, claims = parts(system.token("admin"))
    return ".".join([*(packed(json.dumps(one).encode()) for one in (header | {"alg": "none"}, claims)), ""])


def from_another_pool(system: System) -> str:
    """Sign in at another pool of the same engine, as a user of the same name and group."""
    cognito = system.client("cognito-idp")
    pool = cognito.create_user_pool(PoolName="another")["UserPool"]["Id"]
    flows = ["ALLOW_USER_PASSWORD_AUTH"]
    made = cognito.create_user_pool_client(UserPoolId=pool, ClientName="another", ExplicitAuthFlows=flows)
    client = made["UserPoolClient"]["ClientId"]
    cognito.create_group(UserPoolId=pool, GroupName="admin")
    cognito.admin_create_user(UserPoolId=pool, Username="admin", MessageAction="SUPPRESS")
    cognito.admin_set_user_password(UserPoolId=pool, Username="admin", Password=PASSWORD, Permanent=True)
    cognito.admin_add_user_to_group(UserPoolId=pool, Username="admin", GroupName="admin")
    entered = cognito.initiate_auth(
        ClientId=client, AuthFlow=SIGN_IN, AuthParameters={"USERNAME": "admin", "PASSWORD": PASSWORD}
    )
    token = str(entered["AuthenticationResult"]["AccessToken"])
    assert parts(token)[1]["cognito:groups"] == ["admin"]
    return token


def id_token(system: System) -> str:
    """Sign the auditor in, with TOTP, and take the other of the two tokens."""
    cognito, client = system.client("cognito-idp"), system.status["outputs"]["UserClientId"]
    auditor = Person(**json.loads((system.home / "people.json").read_text())["people"]["auditor"])
    secret = {"USERNAME": auditor.name, "PASSWORD": auditor.password}
    asked = cognito.initiate_auth(ClientId=client, AuthFlow=SIGN_IN, AuthParameters=secret)
    entered = cognito.respond_to_auth_challenge(
        ClientId=client,
        ChallengeName="SOFTWARE_TOKEN_MFA",
        Session=asked["Session"],
        ChallengeResponses={"USERNAME": auditor.name, "SOFTWARE_TOKEN_MFA_CODE": auditor.code(print)},
    )
    token = str(entered["AuthenticationResult"]["IdToken"])
    assert parts(token)[1]["token_use"] == "id"
    return token


def test_a_token_that_only_was_signed_again_still_counts(system: System) -> None:
    assert system.call("GET", "/v1/orders", token=resigned(system))[0] == 200


@pytest.mark.parametrize(
    "forge",
    [
        expired,
        not_yet_issued,
        by_another_issuer,
        without_scope,
        by_another_key,
        with_another_group,
        unsigned,
        from_another_pool,
        id_token,
    ],
    ids=lambda forge: forge.__name__,
)
def test_a_token_that_does_not_count_is_refused_in_our_form(
    system: System, forge: Callable[[System], str]
) -> None:
    token = forge(system)

    answers = [
        system.send("GET", "/v1/orders", token=token),
        system.send("POST", "/v1/orders", {"nothing": "sensible"}, token=token),
    ]

    for status, headers, told in answers:
        assert (status, told["code"], told["status"]) == (401, "unauthorized", 401)
        assert headers["Content-Type"].startswith("application/problem+json")
        assert headers["WWW-Authenticate"] == "Bearer"
