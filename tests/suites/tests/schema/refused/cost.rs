//! Bad ways to say what a trail may cost, and how many events there are.

use serde_json::{Value, json};

use super::{Row, row};

pub fn rows() -> Vec<Row> {
    let mut rows = vec![
        budget("a budget in words", "cheap", "must be an amount of US dollars such as '250.00', in quotes"),
        budget(
            "a budget below nothing",
            "-1.00",
            "must be an amount of US dollars such as '250.00', in quotes",
        ),
        budget(
            "a budget of tenths of cents",
            "1.005",
            "must be an amount of US dollars such as '250.00', in quotes",
        ),
        budget("a budget of all the money there is", "10000000000000.00", "may not be more than 16 bytes"),
    ];
    for field in ["managementReadEvents", "managementWriteEvents", "dataEvents", "networkActivityEvents"] {
        rows.push(volume(field, -1, "should be greater than or equal to 0"));
        rows.push(volume(field, 1_000_000_000_000_001, "should be less than or equal to 1000000000000000"));
    }
    rows
}

fn budget(what: &'static str, budget: &str, says: &'static str) -> Row {
    let cost: Value = json!({"cost": {"monthlyBudget": budget}});
    row("Trail", what, json!({"spec": cost}), "spec.cost.monthlyBudget", says)
}

fn volume(field: &str, events: i64, says: &'static str) -> Row {
    let what = format!("{events} {field}").leak();
    let at = format!("spec.cost.volume.{field}").leak();
    row("Trail", what, json!({"spec": {"cost": {"volume": {field: events}}}}), at, says)
}
