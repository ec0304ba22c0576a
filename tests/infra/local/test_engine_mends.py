"""What is wrong with the engine, and that our launcher mends it.

A test of the plain engine that fails says that upstream has mended the fault: then the mend goes.
"""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyotp
import pytest
from botocore.exceptions import ClientError

from infra.local.mends import EngineChanged, check_version
from tests.infra.local.conftest import Deployed, deployed

FORGED = "forged-session-of-nobody"
SILENCE_SECONDS = 0.045
PASSWORD = "A-long-one-1!"


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    with deployed(tmp_path_factory.mktemp("plain"), module="ministack") as running:
        yield running


def cognito(running: Deployed) -> Any:
    return running.account.client("cognito-idp")


def newcomer(running: Deployed, name: str, *groups: str) -> None:
    """Create a user who has never signed in."""
    pool = running.outputs["UserPoolId"]
    cognito(running).admin_create_user(
        UserPoolId=pool, Username=name, TemporaryPassword=PASSWORD, MessageAction="SUPPRESS"
    )
    for group in groups:
        cognito(running).admin_add_user_to_group(UserPoolId=pool, Username=name, GroupName=group)


def respond(running: Deployed, challenge: str, session: str, name: str, **answers: str) -> Any:
    return cognito(running).respond_to_auth_challenge(
        ClientId=running.outputs["UserClientId"],
        ChallengeName=challenge,
        Session=session,
        ChallengeResponses={"USERNAME": name, **answers},
    )


def first_sign_in(running: Deployed, name: str) -> Any:
    """Return what follows the new password."""
    asked = cognito(running).initiate_auth(
        ClientId=running.outputs["UserClientId"],
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": name, "PASSWORD": PASSWORD},
    )
    return respond(running, asked["ChallengeName"], asked["Session"], name, NEW_PASSWORD=PASSWORD + "2")


def enrol(running: Deployed, session: str) -> tuple[str, str]:
    """Enrol TOTP in a session; return the secret and the session that follows."""
    offered = cognito(running).associate_software_token(Session=session)
    code = pyotp.TOTP(offered["SecretCode"]).now()
    verified = cognito(running).verify_software_token(Session=offered["Session"], UserCode=code)
    return offered["SecretCode"], verified["Session"]


def fastest(running: Deployed) -> float:
    """Return the seconds that the fastest of some silent invocations takes."""
    running.invoke()
    times = []
    for _ in range(8):
        began = time.perf_counter()
        running.invoke()
        times.append(time.perf_counter() - began)
    return min(times)


def second_factors(running: Deployed, name: str) -> list[str]:
    user = cognito(running).admin_get_user(UserPoolId=running.outputs["UserPoolId"], Username=name)
    factors: list[str] = user.get("UserMFASettingList", [])
    return factors


def test_an_engine_of_another_version_is_refused() -> None:
    with pytest.raises(EngineChanged, match=r"1\.5\.33"):
        check_version("1.5.34")


def test_upstream_still_takes_a_forged_session(plain: Deployed) -> None:
    newcomer(plain, "forged")

    answer = respond(plain, "MFA_SETUP", FORGED, "forged")

    assert "AuthenticationResult" in answer, "upstream has mended forged sessions: drop mend_signin"


def test_upstream_still_hands_out_tokens_without_totp(plain: Deployed) -> None:
    newcomer(plain, "hasty")

    answer = first_sign_in(plain, "hasty")

    assert "AuthenticationResult" in answer, "upstream has mended MFA_SETUP: look at mend_signin again"


def test_upstream_still_forgets_an_enrolment(plain: Deployed) -> None:
    newcomer(plain, "forgotten")

    enrol(plain, FORGED)

    assert second_factors(plain, "forgotten") == [], "upstream has mended enrolment: drop mend_signin"


@pytest.mark.parametrize("challenge", ["MFA_SETUP", "SOFTWARE_TOKEN_MFA", "NEW_PASSWORD_REQUIRED"])
def test_a_forged_session_is_refused(system: Deployed, challenge: str) -> None:
    newcomer(system, f"forged-{challenge}")

    with pytest.raises(ClientError) as refused:
        respond(system, challenge, FORGED, f"forged-{challenge}", NEW_PASSWORD=PASSWORD + "3")

    assert refused.value.response["Error"]["Code"] == "NotAuthorizedException"


def test_a_session_serves_nobody_else(system: Deployed) -> None:
    newcomer(system, "honest")
    newcomer(system, "victim")
    setup = first_sign_in(system, "honest")
    _, session = enrol(system, setup["Session"])

    with pytest.raises(ClientError) as refused:
        respond(system, "MFA_SETUP", session, "victim")

    assert refused.value.response["Error"]["Code"] == "NotAuthorizedException"


def test_totp_is_demanded_enrolled_and_asked_for_ever_after(system: Deployed) -> None:
    newcomer(system, "careful")

    setup = first_sign_in(system, "careful")
    secret, session = enrol(system, setup["Session"])
    signed_in = respond(system, "MFA_SETUP", session, "careful")
    again = cognito(system).initiate_auth(
        ClientId=system.outputs["UserClientId"],
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "careful", "PASSWORD": PASSWORD + "2"},
    )
    code = pyotp.TOTP(secret).now()
    signed_in_again = respond(
        system, again["ChallengeName"], again["Session"], "careful", SOFTWARE_TOKEN_MFA_CODE=code
    )

    assert setup["ChallengeName"] == "MFA_SETUP"
    assert "AuthenticationResult" in signed_in
    assert again["ChallengeName"] == "SOFTWARE_TOKEN_MFA"
    assert "AuthenticationResult" in signed_in_again
    assert second_factors(system, "careful") == ["SOFTWARE_TOKEN_MFA"]


def test_an_unproven_setup_session_gives_no_tokens(system: Deployed) -> None:
    newcomer(system, "sneaky")
    setup = first_sign_in(system, "sneaky")

    with pytest.raises(ClientError) as refused:
        respond(system, "MFA_SETUP", setup["Session"], "sneaky")

    assert refused.value.response["Error"]["Code"] == "NotAuthorizedException"


def test_upstream_still_hides_the_class_of_an_error(plain: Deployed) -> None:
    answer = plain.invoke(action="fail")

    assert answer["errorType"] == "Runtime.HandlerError", "upstream names errors: drop mend_error_types"


def test_an_error_is_reported_under_its_own_class(system: Deployed) -> None:
    answer = system.invoke(action="fail")

    assert answer["errorType"] == "Misfortune"
    assert answer["errorMessage"] == "as asked"


def test_upstream_still_waits_for_a_silent_handler(plain: Deployed) -> None:
    seconds = fastest(plain)

    assert seconds > SILENCE_SECONDS, "upstream no longer waits for silence: drop mend_log_wait"


def test_a_silent_handler_costs_nothing(system: Deployed) -> None:
    seconds = fastest(system)

    assert seconds < SILENCE_SECONDS


def test_every_line_that_a_handler_logs_is_kept_and_nothing_else(system: Deployed) -> None:
    system.invoke(action="log")

    logs = system.account.client("logs").filter_log_events(logGroupName="/aws/lambda/soms-sample-echo")
    lines = [event["message"].strip() for event in logs["events"]]
    assert [line for line in lines if line.endswith(" line")] == ["first line", "last line"]
    assert not any("end-of-invocation" in line for line in lines)


def test_upstream_still_writes_groups_in_brackets(plain: Deployed) -> None:
    newcomer(plain, "both", "admin", "sales")
    token = first_sign_in(plain, "both")["AuthenticationResult"]["AccessToken"]

    _, authorizer = plain.get(token)

    claim = authorizer["claims"]["cognito:groups"]
    assert claim == "[admin sales]", "upstream writes groups as REST does: drop mend_groups_claim"


def test_groups_reach_a_function_as_rest_writes_them(system: Deployed) -> None:
    newcomer(system, "both", "admin", "sales")
    setup = first_sign_in(system, "both")
    _, session = enrol(system, setup["Session"])
    token = respond(system, "MFA_SETUP", session, "both")["AuthenticationResult"]["AccessToken"]

    status, authorizer = system.get(token)

    assert status == 200
    assert authorizer["claims"]["cognito:groups"] == "admin,sales"


def test_loopback_passes_for_tls_where_a_bucket_refuses_plain_http(system: Deployed) -> None:
    bucket = system.outputs["FilesBucket"]
    s3 = system.account.client("s3")

    s3.put_object(Bucket=bucket, Key="note", Body=b"kept")

    with s3.get_object(Bucket=bucket, Key="note")["Body"] as body:
        assert body.read() == b"kept"


def two_workers(running: Deployed) -> list[dict[str, Any]]:
    with ThreadPoolExecutor(2) as together:
        return list(together.map(lambda _: running.invoke(action="linger"), range(2)))


def test_upstream_still_unpacks_a_layer_for_every_worker(plain: Deployed) -> None:
    one, other = two_workers(plain)

    assert one["worker"] != other["worker"]
    assert one["layer"] != other["layer"], "upstream shares layers: drop mend_layers"


def test_workers_share_what_one_of_them_unpacked(system: Deployed) -> None:
    one, other = two_workers(system)

    assert one["worker"] != other["worker"]
    assert one["layer"] == other["layer"]
    assert one["layer"].endswith("/python/shared.py")


def test_functions_see_nothing_of_the_callers_environment(system: Deployed) -> None:
    seen = system.invoke()["environment"]

    assert not {"PYTHONPATH", "AWS_PROFILE", "LOG_LEVEL", "SOMS_HOME"} & set(seen)
    assert seen["AWS_ACCESS_KEY_ID"].startswith("ASIA")
