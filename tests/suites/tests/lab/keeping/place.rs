//! An account of the lab with two of everything that a trail can point at.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use test_lab::Lab;

use crate::world::{CLOUDTRAIL, HOME, World, allow, may_write, open};

/// Name of the one trail of each account.
pub const TRAIL: &str = "audit";

/// A key and the alias that names it.
pub struct Key {
    pub arn: String,
    pub alias: String,
}

impl Key {
    pub fn id(&self) -> &str {
        self.arn.rsplit('/').next().unwrap_or_default()
    }
}

/// The account. Names are such that the published policy lets them be used.
pub struct Place {
    pub lab: &'static Lab,
    world: World<'static>,
    pub buckets: [String; 2],
    pub keys: [Key; 2],
    pub topics: [String; 2],
    pub log_groups: [&'static str; 2],
    pub roles: [String; 2],
}

impl Place {
    pub fn new(lab: &'static Lab, account: &'static str) -> Result<Self> {
        let world = World::of(lab, account)?;
        let bucket = |name| world.bucket(name, open);
        let topic = |name: &str| {
            let arn = format!("arn:aws:sns:{HOME}:{account}:{name}");
            world.topic(HOME, name, &json!([allow("sns:Publish", &arn, &json!({}))]))
        };
        let key = |alias: &str| -> Result<Key> {
            let may =
                ["kms:GenerateDataKey*", "kms:DescribeKey"].map(|action| allow(action, "*", &json!({})));
            let arn = world.key(HOME, &json!(may), json!({}))?;
            world.aws("kms", "CreateAlias", &json!({"AliasName": alias, "TargetKeyId": arn}))?;
            Ok(Key { arn, alias: alias.to_owned() })
        };
        let log_groups = ["audit/one", "audit/other"];
        for name in log_groups {
            world.aws("logs", "CreateLogGroup", &json!({"logGroupName": name}))?;
        }
        let role = |name| world.role(name, CLOUDTRAIL, &may_write("*"));
        Ok(Self {
            lab,
            buckets: [bucket("cloudtrail-one")?, bucket("cloudtrail-other")?],
            topics: [topic("one")?, topic("other")?],
            keys: [key("alias/one")?, key("alias/other")?],
            log_groups,
            roles: [role("cloudtrail-one")?, role("cloudtrail-other")?],
            world,
        })
    }

    pub fn account(&self) -> &'static str {
        self.world.account
    }

    /// ARN of its trail.
    pub fn arn(&self) -> String {
        self.world.arn(TRAIL)
    }

    /// Calls AWS as somebody else would: uncounted, past faults and limits.
    pub fn aws(&self, service: &str, operation: &str, params: &Value) -> Result<Value> {
        self.world.aws(service, operation, params)
    }

    /// Gives the alias of one key to the other.
    pub fn point_alias(&self, alias: usize, key: usize) -> Result<()> {
        let params = json!({"AliasName": self.keys[alias].alias, "TargetKeyId": self.keys[key].arn});
        self.aws("kms", "UpdateAlias", &params).map(drop)
    }

    /// ARN of the key that any of its names stands for now.
    pub fn key_arn(&self, name: &str) -> Result<String> {
        let key = self.aws("kms", "DescribeKey", &json!({"KeyId": name}))?;
        key["KeyMetadata"]["Arn"].as_str().map(str::to_owned).context("a key without ARN")
    }

    /// A text in which `{bucket0}`, `{aliasArn1}` and the like stand for what is here.
    pub fn fill(&self, text: &str) -> String {
        let mut text = text.replace("{account}", self.account());
        for at in 0..2 {
            let key = &self.keys[at];
            let alias_arn = format!("arn:aws:kms:{HOME}:{}:{}", self.account(), key.alias);
            for (name, value) in [
                ("bucket", self.buckets[at].as_str()),
                ("topic", &self.topics[at]),
                ("keyArn", &key.arn),
                ("keyId", key.id()),
                ("aliasArn", &alias_arn),
                ("alias", &key.alias),
                ("group", self.log_groups[at]),
                ("role", &self.roles[at]),
            ] {
                text = text.replace(&format!("{{{name}{at}}}"), value);
            }
        }
        text
    }
}
