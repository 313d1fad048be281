"""What Amazon Cognito's doubles are asked, without AWS's own client."""

from typing import Any

import requests

ALICE = "alice@example.org"
PASSWORD = "Correct-horse-1"


class Pool:
    """A pool of users with one client and one user, in either double.

    Attributes:
        id: The pool's.
        client: The id of its client.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self.id: str = self._call("CreateUserPool", PoolName="notes")["UserPool"]["Id"]
        flows = ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_USER_PASSWORD_AUTH"]
        made = self._call("CreateUserPoolClient", ClientName="app", ExplicitAuthFlows=flows)
        self.client: str = made["UserPoolClient"]["ClientId"]
        mail = [{"Name": "email", "Value": ALICE}]
        self._call("AdminCreateUser", Username=ALICE, UserAttributes=mail, MessageAction="SUPPRESS")
        self._call("AdminSetUserPassword", Username=ALICE, Password=PASSWORD, Permanent=True)
        self._call("CreateGroup", GroupName="editors")
        self._call("AdminAddUserToGroup", Username=ALICE, GroupName="editors")

    def log_in(self) -> dict[str, str]:
        """Return alice's tokens."""
        answer = self._call(
            "AdminInitiateAuth",
            ClientId=self.client,
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": ALICE, "PASSWORD": PASSWORD},
        )
        tokens: dict[str, str] = answer["AuthenticationResult"]
        return tokens

    @property
    def address(self) -> str:
        return f"{self._url}/{self.id}"

    @property
    def jwks_url(self) -> str:
        return f"{self.address}/.well-known/jwks.json"

    def _call(self, action: str, **members: Any) -> Any:
        if action != "CreateUserPool":
            members["UserPoolId"] = self.id
        answer = requests.post(
            self._url,
            json=members,
            headers={
                "X-Amz-Target": f"AWSCognitoIdentityProviderService.{action}",
                "Content-Type": "application/x-amz-json-1.1",
                # Its double routes by the region, and checks no signature.
                "Authorization": "AWS4-HMAC-SHA256 Credential="
                "test/20260101/eu-central-1/cognito-idp/aws4_request, SignedHeaders=host, "
                "Signature=none",
            },
            timeout=20,
        )
        assert answer.status_code == 200, answer.text
        return answer.json() if answer.content else {}
