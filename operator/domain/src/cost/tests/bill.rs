//! Estimates beside bills.

use super::*;

fn estimated() -> Estimate {
    let trails = vec![since(trail("old"), 1), since(trail("new"), 2)];
    let data = recorded(&trails[1], Category::Data, 1_000_000);
    let tokyo = Volume { region: "ap-northeast-1".into(), ..volume(100_000, Access::Read) };
    estimate(&situation(trails, vec![volume(1_000_000, Access::Read), tokyo], vec![data]))
}

/// Component, Region, estimated and billed USD.
fn table(rows: &[BillRow]) -> Vec<(Component, String, String, String)> {
    let compared = compare_bill(&estimated(), rows).into_iter();
    compared.map(|row| (row.component, row.region.clone(), plain(row.estimated), plain(row.billed))).collect()
}

fn expected(rows: &[(Component, &str, &str, &str)]) -> Vec<(Component, String, String, String)> {
    let owned =
        |row: &(Component, &str, &str, &str)| (row.0, row.1.to_owned(), row.2.to_owned(), row.3.to_owned());
    rows.iter().map(owned).collect()
}

#[test]
fn a_cost_and_usage_report_is_laid_beside_the_estimate() {
    let header =
        ["lineItem/ProductCode", "lineItem/UsageType", "lineItem/UsageAmount", "lineItem/UnblendedCost"];
    let rows = [
        ["AWSCloudTrail", "USE1-PaidEventsRecorded", "600000", "12.0"],
        ["AWSCloudTrail", "USE1-PaidEventsRecorded", "450000.0", "9"],
        ["AWSCloudTrail", "USE1-FreeEventsRecorded", "1050000", "0"],
        ["AWSCloudTrail", "EUC1-DataEventsRecorded", "1000", "1E-3"],
        ["AmazonEC2", "USE1-BoxUsage:t3.micro", "730", "7.59"],
        ["awskms", "us-east-1-KMS-Requests", "100000", "0.24"],
    ];
    let rows = bill_rows(&header, &rows, None).unwrap();
    let all = expected(&[
        (Component::ManagementEvents, "ap-northeast-1", "2.00", "0.00"),
        (Component::ManagementEvents, "us-east-1", "20.00", "21.00"),
        (Component::DataEvents, "eu-central-1", "0.00", "0.00"),
        (Component::DataEvents, "us-east-1", "1.00", "0.00"),
        (Component::KeyRequests, "us-east-1", "0.00", "0.24"),
    ]);
    assert_eq!(table(&rows), all);
    let management = &compare_bill(&estimated(), &rows)[1];
    assert_eq!(management.billed_quantity, Some(decimal("1050000")));
    assert_eq!((management.estimated_quantity, management.difference()), (decimal("1000000"), decimal("1")));
}

#[test]
fn an_export_of_one_service_from_cost_explorer_is_too() {
    let rows = [["APN1-PaidEventsRecorded", "2.10"], ["", "3"], ["XYZ9-DataEventsRecorded", ""]];
    let rows = bill_rows(&["Usage type", "Cost ($)"], &rows, Some(Service::CloudTrail)).unwrap();
    let all = expected(&[
        (Component::ManagementEvents, "ap-northeast-1", "2.00", "2.10"),
        (Component::ManagementEvents, "us-east-1", "20.00", "0.00"),
        (Component::DataEvents, "XYZ9", "0.00", "0.00"),
        (Component::DataEvents, "us-east-1", "1.00", "0.00"),
    ]);
    assert_eq!(table(&rows), all);
}

#[test]
fn a_table_that_is_no_bill_says_what_is_missing() {
    let none: [[&str; 0]; 0] = [];
    let error = bill_rows(&["a", "b"], &none, None).unwrap_err();
    assert!(error.contains("no column of usage types") && error.contains("it has `a`, `b`"), "{error}");
    let error = bill_rows(&["Usage type", "Cost ($)"], &none, None).unwrap_err();
    assert!(error.contains("no column of services"), "{error}");
    let error = bill_rows(&["Usage type", "Cost ($)"], &[["x", "much"]], Some(Service::S3)).unwrap_err();
    assert_eq!(error, "row 2: `much` is no number");
}
