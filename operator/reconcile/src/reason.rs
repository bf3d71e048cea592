//! Why something is as it is: one vocabulary for conditions, events and metrics.

use std::fmt;

use trail_operator_integrity::Reason as Found;

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// A reason, written as conditions and events carry it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Reason { $($(#[$doc])* $name,)* }

        impl Reason {
            /// Every reason there is.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The word.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }
        }
    };
}

reasons! {
    /// Everything is as declared.
    Succeeded,
    /// There is a figure of what it costs.
    Estimated,
    /// Nothing says how many events there are.
    NoVolume,
    /// Something is used that has no known price.
    PriceUnknown,
    /// It costs no more than it may.
    WithinBudget,
    /// It costs more than it may.
    BudgetExceeded,
    /// There is no such Trail.
    TrailNotFound,
    /// What is declared is not, and will never be, of a form that CloudTrail takes.
    Invalid,
    /// The trail takes the selectors of this object.
    Accepted,
    /// AWS has them.
    Applied,
    /// The trail does not take them, and records nothing for this object.
    NotAccepted,
    /// The trail does not take them, and goes on recording what it took last.
    HeldLastAccepted,
    /// The Trail itself is not as declared.
    TrailNotReady,
    /// Nobody declares it any more; it goes on being recorded until it is sure that this is meant.
    HeldForNow,
    /// The trail records its own deliveries: each causes the next.
    RecordsOwnBucket,
    /// Another trail of the account records the same, and AWS charges for both.
    RecordedTwice,
    /// The values may not mean what they seem to.
    Doubtful,
    /// Changes were made and are not all visible yet.
    Progressing,
    /// AWS could not be asked for longer than a moment.
    ObservationFailed,
    /// AWS refused for a passing cause; it is tried again.
    RetryableError,
    /// The operator's identity lacks a permission.
    AccessDenied,
    /// The bucket does not exist.
    BucketNotFound,
    /// The bucket's policy does not let `CloudTrail` write.
    BucketPolicyInsufficient,
    /// The key does not exist, or not in the bucket's Region.
    KmsKeyNotFound,
    /// The key exists and cannot be used.
    KmsKeyUnusable,
    /// The key's policy, or the bucket's, does not let `CloudTrail` encrypt.
    EncryptionPolicyInsufficient,
    /// The topic does not exist or its policy does not let `CloudTrail` publish.
    TopicPolicyInsufficient,
    /// The log group does not exist or `CloudTrail` cannot reach it.
    LogGroupUnusable,
    /// The role of the log group does not exist, or does not let `CloudTrail` write.
    LogGroupRoleUnusable,
    /// An AWS quota is used up.
    QuotaExceeded,
    /// Something in AWS Organizations is missing.
    OrganizationNotReady,
    /// AWS will never accept this manifest.
    InvalidConfiguration,
    /// A trail of that name exists and belongs to somebody else.
    ManagementConflict,
    /// A change would weaken the record and the account does not allow that.
    WeakeningRefused,
    /// Others change a field again and again; it is put right less and less often.
    RepeatedDrift,
    /// AWS is not as declared, and is only looked at.
    DriftDetected,
    /// The object says that nothing is to be read or changed.
    Suspended,
    /// The object is being deleted and AWS does not let go yet.
    DeletionBlocked,
    /// The account is being deleted and is still in use.
    InUse,
    /// The references of this object resolve.
    Resolved,
    /// The referenced object does not exist.
    NotFound,
    /// The referenced object does not allow this namespace.
    NotPermitted,
    /// The referenced `AwsAccount` is not verified yet, or cannot be.
    AccountNotReady,
    /// The identity in use belongs to the declared account.
    Verified,
    /// The identity in use belongs to another account.
    AccountMismatch,
    /// The role may not be assumed.
    AssumeRoleDenied,
    /// There are no credentials, or AWS does not accept them.
    CredentialsUnusable,
    /// Log files arrive.
    Delivering,
    /// Logging is switched off.
    Stopped,
    /// Nothing was delivered yet.
    AwaitingFirstDelivery,
    /// `CloudTrail` says it cannot deliver.
    DeliveryFailing,
    /// There is no trail to speak of.
    TrailMissing,
    /// Nothing has verified the digests yet.
    NotYetVerified,
    /// `CloudTrail` delivers no digests, as declared.
    ValidationDisabled,
    /// No digest has been delivered yet.
    AwaitingFirstDigest,
    /// All digests and log files of the range that the message states are as CloudTrail signed them.
    Intact,
    /// Every Region and account that should deliver digests does.
    Covered,
    /// A Region delivers no digests.
    RegionNotDelivering,
    /// An account of the organization delivers no digests.
    AccountNotDelivering,
    /// A log file was changed.
    LogFileModified,
    /// A log file that a digest lists is gone.
    LogFileMissing,
    /// A log file is not gzip, or not all of it.
    LogFileCorrupt,
    /// Something was put behind a log file.
    LogFileTrailingData,
    /// A digest that must be there is not.
    DigestMissing,
    /// A digest is not as it was signed.
    DigestModified,
    /// A digest carries no signature.
    DigestUnsigned,
    /// A digest is not where it was delivered.
    DigestMoved,
    /// A digest cannot be read as one.
    DigestMalformed,
    /// Something was put behind a digest.
    DigestTrailingData,
    /// CloudTrail does not know the key that a digest names.
    PublicKeyNotFound,
    /// CloudTrail's key cannot be used.
    PublicKeyUnusable,
    /// A digest is not the one that its successor names.
    ChainBroken,
    /// An algorithm that this version does not know.
    UnsupportedAlgorithm,
    /// Digests that were verified earlier are all gone.
    ChainDisappeared,
    /// A new chain of digests began, and for a day nobody could say why.
    ChainRestarted,
    /// No digest covers a time.
    DeliveryGap,
    /// The newest digest is older than it should be.
    DigestsStale,
    /// A log file lies there that no digest lists.
    LogFileUnlisted,
    /// There is nothing to verify.
    NothingFound,
    /// It cannot be read: archived, its key disabled, the transfer cut.
    ObjectUnreadable,
    /// It is gone, and a lifecycle rule explains it.
    Expired,
    /// CloudTrail gave no public keys.
    NoPublicKeys,
    /// A bound was reached.
    TooMuch,

    /// The filter pattern cannot be read.
    InvalidPattern,
    /// What is declared is in AWS.
    InPlace,
    /// It is not in AWS, or not as declared.
    NotInPlace,
    /// Somebody would hear the alarm.
    Confirmed,
    /// Every link from the trail to whoever hears the alarm holds.
    Connected,
    /// No events reach the log group.
    NotFed,
    /// The trail does not record what the pattern looks for.
    NotRecorded,
    /// The trail records one Region, and the pattern looks for what may happen in any.
    SingleRegion,
    /// The actions of the alarm are switched off.
    ActionsDisabled,
    /// The alarm has no action.
    NoAction,
    /// The topic of the alarm does not exist.
    TopicNotFound,
    /// The topic belongs to another account.
    TopicInOtherAccount,
    /// CloudWatch may not use the key that the topic is encrypted with.
    TopicKeyUnusable,
    /// Nobody has subscribed to the topic.
    NoSubscription,
    /// Nobody has confirmed his subscription.
    SubscriptionPending,
    /// The pattern matches practically every event.
    MatchesEverything,
    /// The pattern has matched nothing for long.
    MatchesNothing,

    /// Event: a metric filter or an alarm was made.
    AlarmCreated,
    /// Event: an alarm that existed was taken over.
    AlarmAdopted,
    /// Event: filter or alarm were changed because the manifest changed.
    AlarmUpdated,
    /// Event: the object is gone, and filter and alarm stay.
    AlarmRetained,
    /// Event: filter and alarm were deleted with their object.
    AlarmDeleted,
    /// Event: the trail was created.
    TrailCreated,
    /// Event: a trail that existed was taken over.
    TrailAdopted,
    /// Event: the trail was changed because the manifest changed.
    TrailUpdated,
    /// Event: somebody changed the trail, and it was changed back.
    DriftCorrected,
    /// Event: logging was switched on.
    LoggingStarted,
    /// Event: logging was switched off, as declared.
    LoggingStopped,
    /// Event: somebody had switched logging off, and it was switched on again.
    LoggingRestored,
    /// Event: the owner tag was missing or changed and was put back.
    OwnerTagRestored,
    /// Event: the object is gone and the trail stays.
    TrailRetained,
    /// Event: the trail was deleted with its object.
    TrailDeleted,
    /// Event: the object could not be read by this version of the operator.
    Undecodable,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The engine of log file validation names what it finds in a file in the same words.
impl From<Found> for Reason {
    fn from(found: Found) -> Self {
        match found {
            Found::LogFileModified => Self::LogFileModified,
            Found::LogFileMissing => Self::LogFileMissing,
            Found::LogFileCorrupt => Self::LogFileCorrupt,
            Found::LogFileTrailingData => Self::LogFileTrailingData,
            Found::DigestMissing => Self::DigestMissing,
            Found::DigestModified => Self::DigestModified,
            Found::DigestUnsigned => Self::DigestUnsigned,
            Found::DigestMoved => Self::DigestMoved,
            Found::DigestMalformed => Self::DigestMalformed,
            Found::DigestTrailingData => Self::DigestTrailingData,
            Found::PublicKeyNotFound => Self::PublicKeyNotFound,
            Found::PublicKeyUnusable => Self::PublicKeyUnusable,
            Found::ChainBroken => Self::ChainBroken,
            Found::UnsupportedAlgorithm => Self::UnsupportedAlgorithm,
            Found::ChainDisappeared => Self::ChainDisappeared,
            Found::ChainRestarted => Self::ChainRestarted,
            Found::DeliveryGap => Self::DeliveryGap,
            Found::DigestsStale => Self::DigestsStale,
            Found::LogFileUnlisted => Self::LogFileUnlisted,
            Found::NothingFound => Self::NothingFound,
            Found::AccessDenied => Self::AccessDenied,
            Found::ObjectUnreadable => Self::ObjectUnreadable,
            Found::Expired => Self::Expired,
            Found::NoPublicKeys => Self::NoPublicKeys,
            Found::TooMuch => Self::TooMuch,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_found_in_files_is_called_the_same_everywhere() {
        for reason in Reason::ALL {
            let found: Result<Found, _> = serde_json::from_value(reason.as_str().into());
            if let Ok(found) = found {
                assert_eq!(Reason::from(found), *reason);
            }
        }
    }
}
