//! The story as it was played: a step a line.

use crate::cli::{Error, out};

/// Steps, in order.
#[derive(Debug, Default)]
pub(super) struct Story(Vec<Step>);

#[derive(Debug)]
struct Step {
    who: &'static str,
    what: String,
    is_as_it_should: bool,
}

impl Story {
    /// Notes a step, and whether it came out as it should.
    pub(super) fn tell(&mut self, who: &'static str, is_as_it_should: bool, what: impl Into<String>) {
        self.0.push(Step {
            who,
            what: what.into(),
            is_as_it_should,
        });
    }

    /// Prints it; an error when a step did not come out as it should.
    pub(super) fn show(&self) -> Result<(), Error> {
        let rows: Vec<[String; 4]> = (1..)
            .zip(&self.0)
            .map(|(number, step): (u32, &Step)| {
                let mark = if step.is_as_it_should { "ok" } else { "WRONG" };
                [
                    number.to_string(),
                    mark.to_owned(),
                    step.who.to_owned(),
                    step.what.clone(),
                ]
            })
            .collect();
        out::line("")?;
        out::table(["STEP", "", "WHO", "WHAT HAPPENED"], &rows, "Nothing happened.")?;
        let wrong = self.0.iter().filter(|step| !step.is_as_it_should).count();
        if wrong > 0 {
            return Err(Error::Failed(anyhow::anyhow!(
                "{wrong} of {} steps did not come out as they should",
                self.0.len()
            )));
        }
        out::line(&format!("\nAll {} steps came out as they should.", self.0.len()))
    }
}
