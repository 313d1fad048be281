"""Tokens of jobs and pods, as their platforms' documents show them: they are access tokens here."""

from .documented import JWT, Document, DocumentedContract


class TestGithubActions(DocumentedContract):
    NAME = "GitHub Actions"
    MIND = (
        "anybody on GitHub has such tokens: demand `repository_owner_id` or `repository` as well; "
        "the job names `aud` when it asks"
    )
    DOCUMENT = Document(
        source="[OIDC reference](https://docs.github.com/en/actions/reference/security/oidc)",
        issuer="https://token.actions.githubusercontent.com",
        entry={"profile": "oidc-access", "audience": "notes-api", "requires": ["repository_id"]},
        audience=("notes-api",),
        access=(
            JWT | {"x5t": "a thumbprint"},
            {
                "aud": "notes-api",
                "sub": "repo:example/notes:ref:refs/heads/main",
                "jti": "1",
                "nbf": 1,
                "actor": "alice",
                "event_name": "push",
                "ref": "refs/heads/main",
                "repository": "example/notes",
                "repository_id": "74",
                "repository_owner": "example",
                "repository_owner_id": "65",
                "run_id": "1",
                "workflow_ref": "example/notes/.github/workflows/deploy.yml@refs/heads/main",
            },
        ),
    )


class TestGitlab(DocumentedContract):
    NAME = "GitLab CI/CD"
    MIND = (
        "`aud` stands in the job's `id_tokens`; on gitlab.com anybody has such tokens, so demand "
        "`project_id` or `namespace_id` as well; the ID tokens of logins have the same issuer, and "
        "no `project_id`"
    )
    DOCUMENT = Document(
        source="[ID tokens](https://docs.gitlab.com/ci/secrets/id_token_authentication/)",
        issuer="https://gitlab.com",
        entry={"profile": "oidc-access", "audience": "notes-api", "requires": ["project_id"]},
        audience=("notes-api",),
        access=(
            JWT,
            {
                "aud": "notes-api",
                "sub": "project_path:example/notes:ref_type:branch:ref:main",
                "jti": "1",
                "nbf": 1,
                "namespace_id": "72",
                "namespace_path": "example",
                "project_id": "20",
                "project_path": "example/notes",
                "user_id": "1",
                "user_login": "alice",
                "pipeline_id": "574",
                "job_id": "302",
                "ref": "main",
                "ref_type": "branch",
                "ref_protected": "true",
            },
        ),
        others={"ID token of a login": (JWT, {"aud": "notes-api", "sub": "1", "auth_time": 1})},
    )


class TestKubernetes(DocumentedContract):
    NAME = "Kubernetes, projected service account tokens"
    MIND = (
        "the volume's `audience` names you; the token of the pod itself is for the API server; the "
        "old ones in Secrets have no `exp`; where the cluster serves its keys to its own accounts "
        "alone, put them into `jwks_file`"
    )
    DOCUMENT = Document(
        source=(
            "[Managing service accounts]"
            "(https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/)"
        ),
        issuer="https://kubernetes.default.svc.cluster.local",
        entry={
            "profile": "oidc-access",
            "types": [None],
            "audience": "notes-api",
            "requires": ["kubernetes.io"],
        },
        audience=("notes-api",),
        access=(
            {},
            {
                "aud": ["notes-api"],
                "sub": "system:serviceaccount:default:notes",
                "jti": "1",
                "nbf": 1,
                "kubernetes.io": {
                    "namespace": "default",
                    "node": {"name": "node-1", "uid": "1"},
                    "pod": {"name": "notes-1", "uid": "2"},
                    "serviceaccount": {"name": "notes", "uid": "3"},
                },
            },
        ),
        others={
            "a pod's own token": (
                {},
                {
                    "aud": ["https://kubernetes.default.svc.cluster.local"],
                    "sub": "system:serviceaccount:default:notes",
                    "kubernetes.io": {"namespace": "default"},
                },
            ),
            "token of a Secret": (
                {},
                {
                    "iss": "kubernetes/serviceaccount",
                    "exp": None,
                    "sub": "system:serviceaccount:default:notes",
                    "kubernetes.io/serviceaccount/namespace": "default",
                },
            ),
        },
    )
