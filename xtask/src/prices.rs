//! The price table in the binary, from AWS's price lists.
//!
//! Knows: where the table is. Must not know: what a price list looks like; the domain reads it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use trail_operator_domain::cost::Prices;

use crate::workspace;

const TABLE: &str = "operator/domain/prices/prices.json";

/// What to read.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Offer files of AWS's Price List, such as
    /// <https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/AWSCloudTrail/current/us-east-1/index.json>,
    /// of AWSCloudTrail, AmazonCloudWatch, AmazonS3, AmazonSNS and awskms. Later files take precedence
    #[arg(long = "list", value_name = "FILE", required = true, num_args = 1..)]
    lists: Vec<PathBuf>,
}

/// Takes the prices of these lists into the table. Rows that they do not have stay as they are.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let changed = update(&workspace::root().join(TABLE), &args.lists)?;
    println!(
        "{TABLE}: {}",
        if changed == 0 { "nothing new".to_owned() } else { format!("{changed} rows changed") }
    );
    Ok(ExitCode::SUCCESS)
}

/// How many rows are other than they were.
fn update(table: &Path, lists: &[PathBuf]) -> Result<usize> {
    let before = read(table, Prices::from_json)?;
    let mut after = before.clone();
    for path in lists {
        let list = read(path, Prices::from_offer)?;
        let found = list.prices.rows().count();
        for what in &list.left_out {
            println!("left out: {what}");
        }
        if found == 0 {
            bail!("{} has no price of anything that a trail costs", path.display());
        }
        println!("{}: {found} prices", path.display());
        after = after.refreshed(list.prices);
    }
    let changed = after.rows().filter(|row| before.price(row.component, &row.region) != Ok(row)).count();
    fs::write(table, after.to_json()).with_context(|| format!("cannot write {}", table.display()))?;
    Ok(changed)
}

fn read<T, E>(path: &Path, parse: impl Fn(&str) -> Result<T, E>) -> Result<T>
where
    E: std::error::Error + Send + Sync + 'static,
{
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    parse(&text).with_context(|| path.display().to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use test_cluster::scratch::ScratchDir;

    use super::*;

    const BEFORE: &str = concat!(
        "{\"currency\": \"USD\", \"rows\": [\n",
        r#"{"service": "AWSCloudTrail", "usage": "DataEventsRecorded", "region": "us-east-1", "unit": "event", "tiers": [{"from": "0", "price": "0.000001"}], "source": "old", "captured": "2025-01-01"},"#,
        "\n",
        r#"{"service": "AmazonS3", "usage": "Requests-Tier2", "region": "us-east-1", "unit": "request", "tiers": [{"from": "0", "price": "0.0000004"}], "source": "old", "captured": "2025-01-01"}"#,
        "\n]}\n"
    );

    fn offer() -> String {
        let product = |sku: &str, usage: &str, region: &str| json!({"sku": sku, "attributes": {"usagetype": usage, "regionCode": region, "locationType": "AWS Region"}});
        let term = |price: &str| json!({"x": {"priceDimensions": {"y": {"unit": "Events", "beginRange": "0", "pricePerUnit": {"USD": price}}}}});
        json!({
            "offerCode": "AWSCloudTrail",
            "publicationDate": "2026-10-08T00:00:00Z",
            "products": {
                "A": product("A", "USE1-DataEventsRecorded", "us-east-1"),
                "B": product("B", "EUN1-DataEventsRecorded", "eu-north-1"),
            },
            "terms": {"OnDemand": {"A": term("0.0000010000"), "B": term("0.0000020000")}},
        })
        .to_string()
    }

    #[test]
    fn lists_are_taken_into_the_table_and_the_same_lists_change_nothing_more() {
        let scratch = ScratchDir::new().unwrap();
        let (table, list) = (scratch.path().join("prices.json"), scratch.path().join("list.json"));
        fs::write(&table, BEFORE).unwrap();
        fs::write(&list, offer()).unwrap();
        assert_eq!(update(&table, std::slice::from_ref(&list)).unwrap(), 2);
        let written = fs::read_to_string(&table).unwrap();
        let lines: Vec<_> = written.lines().collect();
        assert_eq!(lines.len(), 5);
        assert!(
            lines[1].contains(r#""region": "eu-north-1""#) && lines[1].contains(r#""price": "0.000002""#)
        );
        assert!(lines[2].contains(r#""source": "AWS Price List, AWSCloudTrail", "captured": "2026-10-08""#));
        assert_eq!(lines[3], BEFORE.lines().nth(2).unwrap(), "other services' rows stay");
        assert_eq!(update(&table, &[list]).unwrap(), 0);
        assert_eq!(fs::read_to_string(&table).unwrap(), written);
    }

    #[test]
    fn a_file_that_is_no_price_list_changes_nothing() {
        let scratch = ScratchDir::new().unwrap();
        let (table, list) = (scratch.path().join("prices.json"), scratch.path().join("list.json"));
        fs::write(&table, BEFORE).unwrap();
        fs::write(&list, "{}").unwrap();
        let error = format!("{:#}", update(&table, std::slice::from_ref(&list)).unwrap_err());
        assert!(error.contains("this is no price list of AWS"), "{error}");
        fs::write(&list, offer().replace("DataEventsRecorded", "FreeEventsRecorded")).unwrap();
        let error = format!("{:#}", update(&table, &[list]).unwrap_err());
        assert!(error.contains("has no price of anything"), "{error}");
        assert_eq!(fs::read_to_string(&table).unwrap(), BEFORE);
    }
}
