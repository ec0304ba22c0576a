"""The engine's sign-in, mended: sessions cannot be forged, TOTP is demanded and enrolment sticks."""

import base64
import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

SESSION_SECONDS = 180.0
GUARDED = frozenset({"NEW_PASSWORD_REQUIRED", "SOFTWARE_TOKEN_MFA", "MFA_SETUP"})
TOTP = "SOFTWARE_TOKEN_MFA"

Answer = tuple[int, dict[str, str], bytes]
Operation = Callable[[Mapping[str, Any]], Answer]


@dataclass(frozen=True)
class Challenge:
    """What one session token stands for; `proven` after its TOTP code was right."""

    client: str
    username: str
    name: str
    expires: float
    secret: str | None = None
    proven: bool = False


class SignIn:
    """Keeps the sessions that the engine handed out, and honours no others."""

    def __init__(self) -> None:
        """Take hold of the engine's user pools."""
        self._cognito = import_module("ministack.services.cognito")
        self._open: dict[str, Challenge] = {}

    def mend(self) -> None:
        """Put the guards around the engine's operations."""
        for name, make in (
            ("_initiate_auth", self._initiate),
            ("_admin_initiate_auth", self._initiate),
            ("_respond_to_auth_challenge", self._respond),
            ("_admin_respond_to_auth_challenge", self._respond),
            ("_associate_software_token", self._associate),
            ("_verify_software_token", self._verify),
        ):
            setattr(self._cognito, name, make(getattr(self._cognito, name)))

    def _initiate(self, original: Operation) -> Operation:
        def initiate(data: Mapping[str, Any]) -> Answer:
            answer = original(data)
            if str(data.get("AuthFlow", "")).startswith("REFRESH_TOKEN"):
                return answer
            return self._followed(data, str((data.get("AuthParameters") or {}).get("USERNAME")), answer)

        return initiate

    def _respond(self, original: Operation) -> Operation:
        def respond(data: Mapping[str, Any]) -> Answer:
            name, username = (
                data.get("ChallengeName"),
                str((data.get("ChallengeResponses") or {}).get("USERNAME")),
            )
            if name not in GUARDED:
                return self._followed(data, username, original(data))
            held = self._find(data)
            if held is None or (held.name, held.username) != (name, username):
                return self._refused()
            if name == "MFA_SETUP" and not held.proven:
                return self._refused()
            answer = original(data)
            if answer[0] == 200:  # noqa: PLR2004
                self._open.pop(str(data.get("Session")), None)
            return self._followed(data, username, answer)

        return respond

    def _associate(self, original: Operation) -> Operation:
        def associate(data: Mapping[str, Any]) -> Answer:
            if data.get("AccessToken"):
                return original(data)
            held = self._find(data)
            if held is None or held.name != "MFA_SETUP":
                return self._refused()
            answer = original(data)
            body = json.loads(answer[2])
            self._keep(body["Session"], replace(held, secret=body["SecretCode"]))
            return answer

        return associate

    def _verify(self, original: Operation) -> Operation:
        def verify(data: Mapping[str, Any]) -> Answer:
            if data.get("AccessToken"):
                return original(data)
            held = self._find(data)
            if held is None or held.secret is None:
                return self._refused()
            answer = original(data)
            if answer[0] == 200:  # noqa: PLR2004
                user = self._user(held.client, held.username)
                if user is None:
                    return self._refused()
                user |= {"_totp_secret": held.secret, "_mfa_enabled": [TOTP], "_preferred_mfa": TOTP}
                self._keep(json.loads(answer[2])["Session"], replace(held, proven=True))
            return answer

        return verify

    def _followed(self, data: Mapping[str, Any], username: str, answer: Answer) -> Answer:
        """Remember a challenge's session; ask for TOTP where the engine would hand out tokens without."""
        body = json.loads(answer[2] or b"{}")
        client = str(data.get("ClientId"))
        if "AuthenticationResult" in body and self._must_enrol(client, username):
            body = {
                "ChallengeName": "MFA_SETUP",
                "Session": base64.b64encode(secrets.token_bytes(48)).decode(),
                "ChallengeParameters": {"MFAS_CAN_SETUP": f'["{TOTP}"]', "USER_ID_FOR_SRP": username},
            }
            answer = self._cognito.json_response(body)
        if body.get("ChallengeName") in GUARDED:
            name = body["ChallengeName"]
            self._keep(body["Session"], Challenge(client, username, name, time.time() + SESSION_SECONDS))
        return answer

    def _must_enrol(self, client: str, username: str) -> bool:
        pool, _ = self._cognito._pool_for_client(client)  # noqa: SLF001
        user = self._user(client, username)
        required = (pool or {}).get("MfaConfiguration") == "ON"
        return required and user is not None and TOTP not in user.get("_mfa_enabled", [])

    def _user(self, client: str, username: str) -> dict[str, Any] | None:
        pool, _ = self._cognito._pool_for_client(client)  # noqa: SLF001
        user: dict[str, Any] | None = self._cognito._resolve_user(pool, username)[0] if pool else None  # noqa: SLF001
        return user

    def _keep(self, session: str, challenge: Challenge) -> None:
        now = time.time()
        for stale in [token for token, held in list(self._open.items()) if held.expires < now]:
            self._open.pop(stale, None)
        self._open[session] = challenge

    def _find(self, data: Mapping[str, Any]) -> Challenge | None:
        held = self._open.get(str(data.get("Session")))
        if held is None or held.expires < time.time() or data.get("ClientId", held.client) != held.client:
            return None
        return held

    def _refused(self) -> Answer:
        answer: Answer = self._cognito.error_response_json(
            "NotAuthorizedException", "Invalid session for the user.", 400
        )
        return answer
