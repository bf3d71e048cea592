//! Fields of records read whatever their type is: what is not as it should be is as if it were not there.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::{Record, Text, UserIdentity};

/// What can be read from a value, and is nothing where the value is of another type.
pub(super) trait Field<'de>: Default {
    fn borrowed(text: &'de str) -> Self {
        Self::text(text)
    }

    fn text(_: &str) -> Self {
        Self::default()
    }

    fn flag(_: bool) -> Self {
        Self::default()
    }

    fn map<A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Self::default())
    }
}

/// A value read so.
pub(super) struct Lenient<T>(pub T);

impl<'de, T: Field<'de>> Deserialize<'de> for Lenient<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LenientVisitor(PhantomData)).map(Lenient)
    }
}

struct LenientVisitor<T>(PhantomData<T>);

impl<'de, T: Field<'de>> Visitor<'de> for LenientVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<T, E> {
        Ok(T::borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<T, E> {
        Ok(T::text(text))
    }

    fn visit_bool<E>(self, flag: bool) -> Result<T, E> {
        Ok(T::flag(flag))
    }

    fn visit_unit<E>(self) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<T, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(T::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::map(map)
    }
}

impl<'de> Field<'de> for Text<'de> {
    fn borrowed(text: &'de str) -> Self {
        Some(Cow::Borrowed(text))
    }

    fn text(text: &str) -> Self {
        Some(Cow::Owned(text.to_owned()))
    }
}

impl Field<'_> for Option<bool> {
    fn text(text: &str) -> Self {
        text.parse().ok()
    }

    fn flag(flag: bool) -> Self {
        Some(flag)
    }
}

impl<'de> Field<'de> for UserIdentity<'de> {
    fn map<A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let mut identity = Self::default();
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            let field = match &*name {
                "type" => &mut identity.kind,
                "arn" => &mut identity.arn,
                "accountId" => &mut identity.account_id,
                "invokedBy" => &mut identity.invoked_by,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            *field = map.next_value::<Lenient<_>>()?.0;
        }
        Ok(identity)
    }
}

impl<'de> Field<'de> for Record<'de> {
    fn map<A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let mut record = Self::default();
        while let Some(name) = map.next_key::<Member>()? {
            let text = match name {
                Member::Time => &mut record.event_time,
                Member::Source => &mut record.event_source,
                Member::Name => &mut record.event_name,
                Member::Id => &mut record.event_id,
                Member::Category => &mut record.event_category,
                Member::Type => &mut record.event_type,
                Member::AwsRegion => &mut record.aws_region,
                Member::RecipientAccountId => &mut record.recipient_account_id,
                Member::ErrorCode => &mut record.error_code,
                Member::ReadOnly => {
                    record.read_only = map.next_value::<Lenient<_>>()?.0;
                    continue;
                }
                Member::ManagementEvent => {
                    record.management_event = map.next_value::<Lenient<_>>()?.0;
                    continue;
                }
                Member::UserIdentity => {
                    record.user_identity = map.next_value::<Lenient<_>>()?.0;
                    continue;
                }
                Member::Other => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            *text = map.next_value::<Lenient<_>>()?.0;
        }
        Ok(record)
    }
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "camelCase")]
enum Member {
    #[serde(rename = "eventTime")]
    Time,
    #[serde(rename = "eventSource")]
    Source,
    #[serde(rename = "eventName")]
    Name,
    #[serde(rename = "eventID")]
    Id,
    #[serde(rename = "eventCategory")]
    Category,
    #[serde(rename = "eventType")]
    Type,
    AwsRegion,
    RecipientAccountId,
    ErrorCode,
    ReadOnly,
    ManagementEvent,
    UserIdentity,
    #[serde(other)]
    Other,
}
