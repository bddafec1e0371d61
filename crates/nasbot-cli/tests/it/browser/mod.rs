//! The pages in a real browser, where ChromeDriver is: `NASBOT_TEST_BROWSER` names it.

mod driver;
mod front;
mod report;
mod serve;
