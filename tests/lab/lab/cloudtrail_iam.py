"""What IAM is asked about a call of CloudTrail: resources, condition keys, and further actions. Pure.

AWS: Service Authorization Reference, "Actions, resources, and condition keys for AWS CloudTrail".
"""

from __future__ import annotations

from dataclasses import dataclass, field

from lab.arns import trail_arn
from lab.model import Json
from lab.organizations import CLOUDTRAIL

_PASSES_ROLE = ("CreateTrail", "UpdateTrail")


@dataclass(frozen=True)
class Check:
    action: str
    resource: str
    context: Json = field(default_factory=dict)


def resources(body: Json, region: str, account: str) -> list[str]:
    """ARNs of the trails a call is about; a bare name is one of the caller's in the Region. Operations that take no
    such member, like DescribeTrails, know no resource but "*".
    """
    named = body.get("ResourceIdList") or [body.get("ResourceId") or body.get("TrailName") or body.get("Name")]
    found = []
    for name in named if isinstance(named, list) else []:
        if isinstance(name, str) and name:
            found.append(name if name.startswith("arn:") else trail_arn(region, account, name))
    return found or ["*"]


def request_tags(operation: str, body: Json) -> Json:
    """aws:TagKeys and, where tags are set, aws:RequestTag. Keys of the context are lower case."""
    tags = body.get("TagsList")
    tags = [tag for tag in tags if isinstance(tag, dict)] if isinstance(tags, list) else []
    context: Json = {"aws:tagkeys": [str(tag.get("Key")) for tag in tags]} if tags else {}
    if operation in ("CreateTrail", "AddTags"):
        context |= {f"aws:requesttag/{tag.get('Key')}".lower(): str(tag.get("Value") or "") for tag in tags}
    return context


def further_checks(operation: str, body: Json, region: str, account: str) -> list[Check]:
    """What the caller must be allowed besides the operation on its first resource."""
    trails = resources(body, region, account)
    checks = [Check(f"cloudtrail:{operation}", arn) for arn in trails[1:]]
    if operation == "CreateTrail" and body.get("TagsList"):
        checks.append(Check("cloudtrail:AddTags", trails[0], request_tags(operation, body)))
    role = body.get("CloudWatchLogsRoleArn")
    if operation in _PASSES_ROLE and isinstance(role, str) and role:
        checks.append(Check("iam:PassRole", role, {"iam:PassedToService": CLOUDTRAIL}))
    return checks
