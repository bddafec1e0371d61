//! The pages in a real browser, where ChromeDriver is: `NASBOT_TEST_BROWSER` names it.

mod driver;
mod report;
mod serve;
