"""The fidelity table: every behaviour of AWS the lab imitates, and what the imitation rests on.

documented: AWS says so. reported: somebody saw it and wrote it down. assumed: our guess where neither exists.
A test demands that each behaviour is proved by one, and that README.md lists the same.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from lab.model import Json

BASES = ("documented", "reported", "assumed")

# id | basis | source | what. A bare section is one of cloudtrail.md; pages of AWS begin with AWS.
_TABLE = """
# Names and forms
trail-name | documented | 1.2 | Trail names of a wrong form are refused with InvalidTrailNameException
trail-name-text | reported | 1.2 | The message says which rule of trail names is broken
bucket-name | documented | 1.2 | Bucket names against the rules of S3: InvalidS3BucketNameException
prefix-length | documented | 1.2 | S3KeyPrefix takes up to 200 characters: InvalidS3PrefixException
topic-name | documented | 1.2 | SnsTopicName is a name or an ARN, read back as SnsTopicARN
key-id-form | documented | 1.2 | KmsKeyId of none of the four forms: InvalidKmsKeyIdException
key-id-resolved | documented | 1.2 | A key alias or id reads back as the key ARN
trail-arn | documented | 1.2 | A malformed trail ARN is refused with CloudTrailARNInvalidException
type-check | assumed | 1.1 | A member of the wrong JSON type: SerializationException
# Trails
create-defaults | documented | 1.3 | Global events and RecursiveLogging default to true, the rest to false
create-not-logging | documented | 1.5 | A new trail does not log until StartLogging
create-twice | documented | 1.1 | CreateTrail on an existing name: TrailAlreadyExistsException, nothing changes
name-taken-by-shadow | assumed | 1.2 | A multi-Region trail takes its name in every Region
five-trails | documented | 1.6 | The sixth trail of a Region: MaximumNumberOfTrailsExceededException
five-trails-shadows | documented | 1.6 | A multi-Region trail counts in every Region
multi-needs-global | reported | 1.4 | A multi-Region trail without global events is refused
both-off-refused | reported | 1.4 | Multi-Region and global events cannot be turned off in one UpdateTrail
multi-turns-global-on | documented | 1.4 | Turning a trail multi-Region turns global events on
single-keeps-global | assumed | 1.4 | Turning it single-Region leaves global events on, as in AWS's sample
update-merges | documented | 1.3 | UpdateTrail leaves alone what is absent and clears what is empty
update-atomic | assumed | 1.3 | A refused UpdateTrail changes nothing
answer-flat | documented | 1.3 | CreateTrail and UpdateTrail answer the settings without HomeRegion and Has*
unset-absent | documented | 1.3 | Unset members are absent from answers
home-region-write | documented | 1.4 | Writes to a multi-Region trail from elsewhere: InvalidHomeRegionException
wrong-region-arn | reported | 1.4 | The ARN of another Region's trail: CloudTrailARNInvalidException
name-is-local | reported | 1.4 | A name reaches the home Region only, elsewhere TrailNotFoundException
arn-reads-shadow | documented | 1.3 | GetTrail and GetTrailStatus take the ARN of a multi-Region trail anywhere
describe-shadows | documented | 1.3 | DescribeTrails lists shadow trails unless includeShadowTrails is false
describe-unknown | assumed | 1.3 | DescribeTrails leaves out names it does not find
list-trails | documented | 1.3 | ListTrails lists the account's trails of all Regions, by name, ARN and Region
not-found | reported | 1.1 | TrailNotFoundException says: Unknown trail: NAME for the user: ACCOUNT
delete-forgets | assumed | emulators 3 | DeleteTrail forgets tags, selectors and status with the trail
status-400 | documented | 1.1 | Every modelled exception is HTTP 400
unknown-operation | documented | 1.1 | An operation that does not exist: UnknownOperationException, HTTP 404
request-order | assumed | 1.5 | Form is checked first, then organization, name, bucket, topic, key, logs
# Preconditions
bucket-missing | documented | 1.7 | A missing bucket: S3BucketDoesNotExistException
bucket-policy | documented | 3.1 | A policy without ACL check or write: InsufficientS3BucketPolicyException
bucket-policy-prefix | documented | 3.1 | The policy must cover the prefix of the trail
bucket-policy-digests | documented | 3.1 | With validation on it must cover CloudTrail-Digest as well
bucket-policy-deny | documented | 3.2 | A Deny that hits CloudTrail's writes makes the policy insufficient
bucket-policy-source | documented | 3.1 | SourceArn, SourceAccount and the ACL condition are evaluated
sse-aes256 | reported | 3.2 | Without a key CloudTrail writes with AES256, with one with aws:kms
requester-pays | documented | 1.2 | A Requester Pays bucket is refused
policy-language | documented | 3.2 | Principals, actions, resources, wildcards and conditions as IAM reads them
policy-variables | documented | 3.2 | Policy variables are text without version 2012-10-17
key-missing | documented | 1.4 | A missing key or one of another Region than the bucket: KmsKeyNotFoundException
key-unusable | documented | 1.7 | A disabled key, one to be deleted or an asymmetric one: KmsException
key-policy | documented | 3.3 | A key policy without CloudTrail: InsufficientEncryptionPolicyException
key-context | documented | 3.3 | The encryption context carries the trail's ARN, which policies may demand
bucket-key-decrypt | documented | 3.3 | A bucket with S3 Bucket Key needs kms:Decrypt for CloudTrail
topic-policy | documented | 3.4 | A missing topic or wrong topic policy: InsufficientSnsTopicPolicyException
topic-region | assumed | 3.4 | The topic must be in the trail's Region
topic-key | documented | 3.4 | The key of an encrypted topic must let CloudTrail use it
log-group-form | documented | 1.2 | The log group ARN must end with :*
log-group-missing | documented | 1.7 | A missing log group: InvalidCloudWatchLogsLogGroupArnException
log-group-class | documented | 3.5 | The log group must be of class STANDARD
log-group-place | documented | 1.2 | The log group must be in the caller's account and the home Region
log-role | documented | 1.7 | A role missing or not trusting CloudTrail: InvalidCloudWatchLogsRoleArnException
log-role-permission | assumed | 1.7 | A role that may not write: ...LogGroupArnException with Access denied.
log-pair | assumed | 1.4 | One of log group and role alone: InvalidParameterCombinationException
# Selectors, Insights, aggregation
selectors-default | documented | 2.3 | Without selectors the one basic default selector reads back
selectors-either | documented | 2 | Basic or advanced selectors, not both and not none
selectors-replace | documented | 2 | A Put replaces all selectors and discards those of the other kind
selectors-normalised | documented | 2.3 | Omitted members of basic selectors read back with their defaults
selectors-custom | documented | 2.3 | HasCustomEventSelectors is false for the default
basic-count | documented | 2.1 | Up to 5 basic selectors and 250 data resources in all
basic-values | reported | 2.1 | Data resource values of a wrong form, like a bucket without slash, are refused
basic-types | documented | 2.1 | Only S3 objects, Lambda functions and DynamoDB tables in basic selectors
basic-exclusions | documented | 2.1 | Only kms and rdsdata can be excluded
basic-exclusion-needs | assumed | 2.1 | Exclusions need IncludeManagementEvents
advanced-count | documented | 2.2 | Up to 500 values in all advanced selectors
advanced-category | documented | 2.2 | eventCategory is Management, Data or NetworkActivity, once, with Equals
advanced-fields | documented | 2.2 | Each category has its fields, operators and values
advanced-form | documented | 2.2 | Names, fields, operator lists and values keep their lengths
advanced-wildcards | assumed | 2.2 | Values with an asterisk are refused
advanced-field-twice | assumed | 2.2 | A field given twice in one selector is refused
matching-basic | documented | 2.1 | An event is logged when any basic selector takes it
matching-advanced | documented | 2.2 | Positive operators are OR-ed, negative AND-ed, fields AND-ed, selectors OR-ed
matching-global | documented | 1.4 | Global services record in us-east-1, and only with global events on
matching-recursive | documented | 1.3 | RecursiveLogging false drops CloudTrail's own deliveries
insights-types | documented | 2.7 | Insights types and categories outside the lists are refused
insights-coverage | documented | 2.7 | Insights need selectors that log what they analyse
insights-policy | documented | 2.7 | PutInsightSelectors checks bucket and key again
insights-none | documented | 2.7 | Without Insights GetInsightSelectors says InsightNotEnabledException
insights-categories | assumed | 2.7 | Omitted EventCategories read back as Management
aggregation | documented | 2.8 | One aggregation of data events with 1 to 50 known templates
aggregation-needs-data | documented | 2.8 | Aggregation needs data events to be logged
aggregation-off | assumed | 2.8 | An empty list switches aggregation off
# Tags
tags-limit | documented | 1.6 | More than 50 tags: TagsLimitExceededException
tags-form | documented | 1.3 | Bad or repeated tags: InvalidTagParameterException
tags-reserved | assumed | 1.3 | Keys that start with aws: are refused
tags-region | assumed | 1.4 | Tag calls take ARNs of the Region they are made in
tags-unknown | documented | 1.7 | Tags of a trail that is not there: ResourceNotFoundException
tags-listed | documented | 1.6 | ListTags takes up to 20 ARNs
# Organizations
org-none | documented | 1.7 | An organization trail outside an organization: OrganizationsNotInUseException
org-member | documented | 10.2 | One from a member: NotOrganizationMasterAccountException
org-features | documented | 10.1 | All features must be enabled in the organization
org-trusted-access | documented | 10.1 | Trusted access must be on: CloudTrailAccessNotEnabledException
org-delegated | documented | 10.2 | A delegated administrator may create, update and delete organization trails
org-owner | documented | 10.2 | The ARN carries the management account, whoever made the trail
org-linked-role | documented | 10.1 | A delegated administrator needs the management account's linked role
org-convert | documented | 10.2 | Only the management account converts a trail from or to an organization trail
org-copies | documented | 10.3 | Members see the trail as a shadow and reach it by its full ARN
org-members-write | documented | 10.3 | Members cannot change it: OperationNotPermittedException
org-bucket-policy | documented | 3.1 | The bucket policy must cover AWSLogs/ORGANIZATION
org-bucket-account | reported | 3.2 | It must cover AWSLogs/MANAGEMENT as well
org-delegation-limit | documented | 10.2 | Up to 3 delegated administrators, registered by the management account
org-service | documented | 10.1 | Organizations: membership, trusted access and delegated administrators
org-described | documented | AWS Organizations DescribeOrganization | Every account in an organization may describe it
org-accounts | documented | AWS Organizations ListAccounts | For management accounts and delegated administrators only
org-accounts-pages | assumed | AWS Organizations ListAccounts | Up to 20 accounts at once, fewer with MaxResults
org-account-state | documented | AWS Organizations Account | State is told beside Status; a closed account is CLOSED
# Delivery
delivery-keys | documented | 4.1 | Log and digest files have AWS's key names, in the account's or member's folder
delivery-kinds | assumed | 4.1 | Network, Insights and aggregated files are named like log files
delivery-body | documented | 4.1 | A log file is one gzip member of Records
delivery-content-type | assumed | 4.1 | Objects have Content-Type application/json and Content-Encoding gzip
delivery-policy | documented | 1.3 | Bucket and key policy are evaluated at each delivery; the status shows S3's code
delivery-key-codes | assumed | 3.3 | An unusable key shows as KMS.DisabledException and the like
delivery-retry | assumed | 1.5 | What failed is delivered again later, digests under their own names
delivery-error-clears | assumed | 1.3 | The next success clears the error of the status
delivery-regions | documented | 1.3 | Status and chains are per Region and, for organization trails, per member
delivery-selected | documented | 2.3 | Records no selector takes are in no file
notifications | assumed | 3.4 | One notification per log file, none for digests
notification-error | documented | 1.3 | A wrong topic policy shows as AuthorizationError
log-stream | documented | 3.5 | Events go to the stream ACCOUNT_CloudTrail_REGION of the log group
log-stream-org | assumed | 3.5 | Of organization trails to ORGANIZATION_ACCOUNT_CloudTrail_REGION
log-error | assumed | 1.3 | Role and log group errors show as AccessDenied and ResourceNotFoundException
log-size | documented | 1.6 | Events over 256 KB do not reach the log group
# Digests and keys
digest-fields | documented | 4.2 | Digests have AWS's members and hash uncompressed bytes
digest-signature | documented | 4.3 | RSA-2048 PKCS#1 v1.5 SHA-256 over four lines, in the object's metadata
digest-chain | documented | 4.2 | Each digest links to the one before; the first links to nothing
digest-empty | documented | 4.2 | An hour without log files has an empty digest
digest-final | documented | 4.2 | StopLogging and DeleteTrail end the chain with a final digest
digest-restart | documented | 4.2 | Starting again, or switching validation on again, starts a new chain
digest-backfill | documented | 4.3 | Late files have backfill digests, a chain of their own
digest-windows | assumed | 4.5 | Windows leave no gap: each begins where the last one ended
digest-bucket-change | documented | 4.5 | After a change of bucket the link names the old bucket
keys-fingerprint | documented | 4.3 | The fingerprint is the MD5 of the key's DER
keys-encoding | reported | 4.3 | Keys are PKCS#1; SubjectPublicKeyInfo on request
keys-rings | assumed | 4.3 | One key per trail owner and Region; members see their organization's keys
keys-validity | documented | 4.3 | Keys are valid for 30 days; ListPublicKeys lists those touching the range
validate-logs | documented | 4.4 | Stock aws cloudtrail validate-logs verifies what the lab delivers
# Log events, metrics, alarms
pattern-json | documented | 5.2 | JSON filter patterns: selectors, operators, precedence, IS, NOT EXISTS, regex
pattern-objects | documented | 5.2 | A selector that ends at an object or a list never matches
pattern-missing | reported | 5.2 | != on a missing field does not match (switchable)
pattern-middle-star | assumed | 5.2 | An asterisk in the middle of a word is a wildcard (switchable)
pattern-number | assumed | 5.2 | A quoted number does not match a number
pattern-terms | documented | 5.3 | Terms, optional and excluded terms, phrases, space-delimited fields
pattern-refused | documented | 5.1 | A pattern that cannot be read: InvalidParameterException
filter-rules | documented | 5.1 | Names, one transformation, dimensions, 100 filters per log group
filter-members | documented | 5.1 | DescribeMetricFilters tells every member a filter was put with
filter-metric | documented | 5.1 | A match makes a datapoint; none at all makes the default value
filter-incoming | documented | AWS Monitoring usage with CloudWatch metrics | CloudWatch counts IncomingLogEvents and IncomingBytes of every log group
filter-test | documented | 5.1 | TestMetricFilter answers with the same engine
alarm-evaluation | documented | 6.2 | Periods, M of N and TreatMissingData decide an alarm's state
alarm-minute | assumed | 6.2 | Alarms are looked at once a minute of the lab's clock, and at new data
alarm-rules | documented | 6.1 | Alarms with wrong periods, operators, statistics or treatments: ValidationError
alarm-members | documented | 6.1 | DescribeAlarms tells every member an alarm was put with, and makes up none
alarm-delete | documented | 6.1 | DeleteAlarms with an unknown name: ResourceNotFound, HTTP 404
# Accounts, sessions, permissions
regions-listed | documented | AWS Account ListRegions | Default Regions are enabled, opt-in Regions when a test says so
regions-pages | assumed | AWS Account ListRegions | All Regions at once, unless MaxResults is given
regions-member | documented | AWS Account ListRegions | The management account asks for a member, with trusted access
prices-filtered | documented | AWS Price List GetProducts | Products of one service that meet all filters, each as JSON in a text
prices-pages | documented | AWS Price List GetProducts | At most 100 at once, and a token for the rest
prices-refused | documented | AWS Price List GetProducts | Another service code: InvalidParameterException; token: InvalidNextTokenException
region-disabled | assumed | 1.4 | In a Region that a test disabled the account's keys are unknown
bucket-expected-owner | documented | AWS S3 HeadBucket | x-amz-expected-bucket-owner is not the owner: 403 AccessDenied
bucket-foreign | documented | emulators 3 | A bucket whose policy does not admit the other account: 403; no bucket: 404
bucket-other-region | assumed | AWS S3 HeadBucket | HeadBucket signed for another Region, us-east-1 too: 301 naming it
key-described | documented | AWS KMS DescribeKey | All four forms; another account's by ARN, if its policy admits
key-other-region | assumed | AWS KMS DescribeKey | An ARN of another Region than the call's: NotFoundException
assume-role-missing | assumed | emulators 7 | AssumeRole of a role that is not there: AccessDenied
assume-role-trust | documented | AWS STS AssumeRole | The trust policy decides: principals, sts:ExternalId, denials
assume-role-duration | documented | AWS STS AssumeRole | 900 s to MaxSessionDuration; one hour from role to role
session-identity | documented | AWS STS GetCallerIdentity | Sessions act in the account of their role, and say so
session-expired | documented | AWS CloudTrail Common Errors | After its end: ExpiredTokenException, in XML ExpiredToken
session-unknown | assumed | AWS CloudTrail Common Errors | Session keys nobody handed out: UnrecognizedClientException
iam-enforced | documented | emulators 3 | With --auth IAM policies decide, also for CloudTrail's operations
iam-actions | documented | AWS Service Authorization | Operations take their action on the trail's ARN, or on *
iam-create-tags | assumed | AWS Service Authorization | CreateTrail with tags takes cloudtrail:AddTags as well
iam-tag-conditions | documented | AWS Service Authorization | aws:RequestTag, aws:TagKeys and aws:ResourceTag of trails
iam-prices | documented | AWS Service Authorization | pricing:GetProducts on every resource
iam-regions | documented | AWS Service Authorization | account:ListRegions on the account's ARN
iam-bucket | documented | 10.4 | HeadBucket takes s3:ListBucket; for another account's bucket from both sides
iam-key | documented | AWS KMS Key policies | DescribeKey takes the caller's policy and the key's, on the key's ARN
iam-assume-role | documented | AWS STS AssumeRole | It takes sts:AssumeRole too; sessions may what their role may
pass-role | assumed | 10.4 | Naming a log group's role takes iam:PassRole with iam:PassedToService, with --auth
rate-limits | documented | 1.6 | On request CloudTrail, Logs and CloudWatch throttle per account, Region and operation
rate-limits-assumed | assumed | 1.6 | The burst is one second's calls; operations AWS does not list have 1 a second
# Around CloudTrail
lookup-events | assumed | 1.5 | LookupEvents shows the calls made to the lab, newest first, for 90 days
bucket-policy-malformed | assumed | emulators 3 | PutBucketPolicy: bad JSON, foreign resources: MalformedPolicy
key-policy-malformed | assumed | emulators 3 | PutKeyPolicy: MalformedPolicyDocumentException, lock-out too
topic-policy-malformed | assumed | emulators 3 | A malformed topic policy: InvalidParameter
topic-email | documented | AWS SNS Subscribe | A subscription by email is pending until it is confirmed
public-access-default | assumed | emulators 3 | A new bucket blocks public access
reader-decrypt | documented | 3.3 | Reading an encrypted object needs a usable key, and kms:Decrypt with --auth
"""


@dataclass(frozen=True)
class Behaviour:
    id: str
    group: str
    what: str
    basis: str
    source: str


def _source(section: str) -> str:
    if section.startswith("AWS "):
        return section
    name, _, number = section.rpartition(" ")
    return f"aws-emulators.md {number}" if name == "emulators" else f"cloudtrail.md {number}"


def _read(table: str) -> tuple[Behaviour, ...]:
    found, group = [], ""
    for line in table.strip().splitlines():
        if line.startswith("# "):
            group = line.removeprefix("# ")
            continue
        identifier, basis, section, what = line.split(" | ")
        found.append(Behaviour(identifier, group, what, basis, _source(section)))
    return tuple(found)


BEHAVIOURS = _read(_TABLE)


def report() -> Json:
    counts = {basis: sum(behaviour.basis == basis for behaviour in BEHAVIOURS) for basis in BASES}
    return {"counts": counts, "behaviours": [asdict(behaviour) for behaviour in BEHAVIOURS]}
