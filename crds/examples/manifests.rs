//! Prints the definition of every kind, or writes each to a folder: `cargo run -p trail-operator-crds --example manifests [FOLDER]`.

use std::{env, error::Error, fs, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = env::args().nth(1).map(PathBuf::from);
    for manifest in trail_operator_crds::manifests()? {
        let yaml = manifest.yaml()?;
        match &folder {
            Some(folder) => fs::write(folder.join(&manifest.file_name), yaml)?,
            #[expect(clippy::print_stdout, reason = "printing is what this program is for")]
            None => print!("{yaml}"),
        }
    }
    Ok(())
}
