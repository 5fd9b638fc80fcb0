//! The console and the public pages, asked as browsers and mail programs ask.

mod acts;
mod door;
mod pages;
mod site;
mod unsubscribe;
