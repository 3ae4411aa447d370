//! Days, as locks and settings have them: seconds since 1970, and `2026-11-21`.

/// Seconds in a day.
pub const DAY: i64 = 86_400;

/// The present moment, in seconds since 1970. `SOURCE_DATE_EPOCH` says another, so that what depends on the
/// day can be repeated.
#[must_use]
pub fn now() -> i64 {
    let told = std::env::var("SOURCE_DATE_EPOCH").ok().and_then(|seconds| seconds.parse().ok());
    told.unwrap_or_else(|| {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        // A clock from before 1970 knows no day.
        since.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
    })
}

/// The day of a moment in seconds since 1970, as `2026-11-21`, in UTC. Howard Hinnant's `civil_from_days`.
#[must_use]
pub fn date(seconds: i64) -> String {
    let days = seconds.div_euclid(DAY) + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    // The count begins in March.
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    format!("{:04}-{month:02}-{day:02}", year_of_era + era * 400 + next)
}
