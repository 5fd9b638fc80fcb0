//! Pages for people, and the same acts for programs.

pub mod api;
