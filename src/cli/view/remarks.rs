//! What the editorial checks say of a mailing. Policy C12.

use crate::cli::{Error, out};
use crate::decide::lint::{Fix, Remark};

/// What the editorial checks say, with a diff where a machine knows one.
pub(in crate::cli) fn remarks(remarks: &[Remark]) -> Result<(), Error> {
    for remark in remarks {
        let (rule, level) = (&remark.rule, remark.level.words());
        out::line(&format!("C12 {rule} ({level}): {}", remark.sentence))?;
        out::line(&format!("    at: {}", out::tame(&remark.place)))?;
        if let Some(Fix { before, after }) = &remark.fix {
            out::line(&format!("    - {}", out::tame(before)))?;
            out::line(&format!("    + {}", out::tame(after)))?;
        }
    }
    Ok(())
}
