//! The YAML in this folder is what the Rust types say.

use std::{fs, path::Path};

#[test]
fn the_files_are_those_the_types_generate() {
    for manifest in trail_operator_crds::manifests().unwrap() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(&manifest.file_name);
        let file = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            file == manifest.yaml().unwrap(),
            "{} differs from the Rust types: run `cargo xtask crds` and commit the result",
            path.display()
        );
    }
}

#[test]
fn no_schema_says_nullable_or_uses_numbers_that_kubernetes_does_not_know() {
    for manifest in trail_operator_crds::manifests().unwrap() {
        let text = manifest.object.to_string();
        for word in ["nullable", "\"uint", "\"double\"", "\"float\"", "\"number\""] {
            assert!(!text.contains(word), "{} holds {word}", manifest.file_name);
        }
    }
}
