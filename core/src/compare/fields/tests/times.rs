use super::*;

#[test]
fn times_meet_at_the_narrower_type() {
    check(
        &plain(),
        &plain(),
        [
            (
                at("2026-05-01T10:00:00Z"),
                "2026-05-01T12:00:00+02:00".into(),
            ),
            (at("2026-05-01T10:00:00Z"), "2026-05-01 10:00:00+00".into()),
            (at("2026-05-01T10:00:00Z"), "2026-05-01T10:00:01Z".into()),
            (at("2026-05-01T10:00:00Z"), "yesterday".into()),
            (at("2026-05-01T10:00:00Z"), "2026-05-01T10:00:00".into()),
            (at("2026-05-01T10:00:00Z"), local("2026-05-01T10:00:00")),
            (at("2026-05-01T10:00:00Z"), json("1777629600")),
            (local("2026-05-01T10:00:00"), "2026-05-01 10:00:00".into()),
            (local("2026-05-01T10:00:00"), "2026-05-01T10:00:00Z".into()),
            (day("2026-05-01"), local("2026-05-01T10:00:00")),
            (day("2026-05-01"), at("2026-05-01T23:59:59Z")),
            (day("2026-05-01"), "2026-05-01".into()),
            (day("2026-05-01"), "2026-05-02".into()),
            (day("2026-05-01"), "May".into()),
            (
                Value::Time("10:00:00".parse().expect("a time")),
                "10:00".into(),
            ),
        ],
        &expect![[r#"
            2026-05-01T10:00:00Z ~ 2026-05-01T12:00:00+02:00: Equal | as timestamp
            2026-05-01T10:00:00Z ~ 2026-05-01 10:00:00+00: Equal | as timestamp
            2026-05-01T10:00:00Z ~ 2026-05-01T10:00:01Z: Different | as timestamp
            2026-05-01T10:00:00Z ~ yesterday: Different | as timestamp | this "yesterday" is not a timestamp
            2026-05-01T10:00:00Z ~ 2026-05-01T10:00:00: Unreadable | as timestamp | one side keeps a time without its zone: declare from = "zone:…" for it
            2026-05-01T10:00:00Z ~ 2026-05-01T10:00:00: Unreadable | exact | one side keeps a time without its zone: declare from = "zone:…" for it
            2026-05-01T10:00:00Z ~ 1777629600: Unreadable | exact | a number does not say from when and in which unit it counts: declare from = "unix_s" or "unix_ms"
            2026-05-01T10:00:00 ~ 2026-05-01 10:00:00: Equal | as datetime
            2026-05-01T10:00:00 ~ 2026-05-01T10:00:00Z: Unreadable | as datetime | one side keeps a time without its zone: declare from = "zone:…" for it
            2026-05-01 ~ 2026-05-01T10:00:00: Equal | as date
            2026-05-01 ~ 2026-05-01T23:59:59Z: Equal | as date
            2026-05-01 ~ 2026-05-01: Equal | as date
            2026-05-01 ~ 2026-05-02: Different | as date
            2026-05-01 ~ May: Different | as date | this "May" is not a date
            10:00:00 ~ 10:00: Equal | as time
        "#]],
    );
}

#[test]
fn times_are_cut_at_the_coarser_declared_precision_toward_the_past() {
    check(
        &kept_to(Precision::Micros),
        &kept_to(Precision::Millis),
        [
            (
                at("2026-05-01T10:00:00.123999Z"),
                at("2026-05-01T10:00:00.123Z"),
            ),
            (
                at("2026-05-01T10:00:00.123999Z"),
                at("2026-05-01T10:00:00.124Z"),
            ),
            (
                at("1969-12-31T23:59:59.999999Z"),
                at("1969-12-31T23:59:59.999Z"),
            ),
            (
                at("2026-05-01T10:00:00.123456Z"),
                "2026-05-01T10:00:00.123Z".into(),
            ),
            (
                local("2026-05-01T10:00:00.123456"),
                local("2026-05-01T10:00:00.123"),
            ),
        ],
        &expect![["
            2026-05-01T10:00:00.123999Z ~ 2026-05-01T10:00:00.123Z: Equal | timestamp(ms)
            2026-05-01T10:00:00.123999Z ~ 2026-05-01T10:00:00.124Z: Different | timestamp(ms)
            1969-12-31T23:59:59.999999Z ~ 1969-12-31T23:59:59.999Z: Equal | timestamp(ms)
            2026-05-01T10:00:00.123456Z ~ 2026-05-01T10:00:00.123Z: Equal | as timestamp(ms)
            2026-05-01T10:00:00.123456 ~ 2026-05-01T10:00:00.123: Equal | datetime(ms)
        "]],
    );
    check(
        &plain(),
        &plain(),
        [(
            at("2026-05-01T10:00:00.123456Z"),
            at("2026-05-01T10:00:00.123Z"),
        )],
        &expect![[r#"
            2026-05-01T10:00:00.123456Z ~ 2026-05-01T10:00:00.123Z: Different | exact | cut off to ms they are equal; where one store keeps no more, declare as = "timestamp(ms)"
        "#]],
    );
}

#[test]
fn a_local_time_needs_its_zone_and_one_meaning() {
    check(
        &plain(),
        &zone("Europe/Berlin"),
        [
            (at("2026-05-01T10:00:00Z"), local("2026-05-01T12:00:00")),
            (at("2026-01-01T10:00:00Z"), "2026-01-01 11:00:00".into()),
            (at("2026-05-01T10:00:00Z"), "2026-05-01T10:00:00Z".into()),
            (at("2026-10-25T00:30:00Z"), local("2026-10-25T02:30:00")),
            (at("2026-03-29T01:30:00Z"), local("2026-03-29T02:30:00")),
            (day("2026-05-01"), local("2026-05-01T00:30:00")),
            (at("2026-05-01T10:00:00Z"), json("1")),
        ],
        &expect![["
            2026-05-01T10:00:00Z ~ 2026-05-01T12:00:00: Equal | zone:Europe/Berlin
            2026-01-01T10:00:00Z ~ 2026-01-01 11:00:00: Equal | zone:Europe/Berlin
            2026-05-01T10:00:00Z ~ 2026-05-01T10:00:00Z: Equal | zone:Europe/Berlin
            2026-10-25T00:30:00Z ~ 2026-10-25T02:30:00: Unreadable | zone:Europe/Berlin | 2026-10-25T02:30:00 in Europe/Berlin occurs twice: the clocks went back
            2026-03-29T01:30:00Z ~ 2026-03-29T02:30:00: Unreadable | zone:Europe/Berlin | 2026-03-29T02:30:00 in Europe/Berlin does not occur: the clocks went forward
            2026-05-01 ~ 2026-05-01T00:30:00: Equal | zone:Europe/Berlin, as date
            2026-05-01T10:00:00Z ~ 1: Different | zone:Europe/Berlin | this int 1 is not a date and time
        "]],
    );
    check(
        &zone("Europe/Berlin"),
        &zone("Europe/Berlin"),
        [(local("2026-10-25T02:30:00"), local("2026-10-25T02:30:00"))],
        &expect![["
            2026-10-25T02:30:00 ~ 2026-10-25T02:30:00: Equal | exact
        "]],
    );
    check(
        &plain(),
        &zone("Mars/Olympus"),
        [(at("2026-05-01T10:00:00Z"), local("2026-05-01T10:00:00"))],
        &expect![[r#"
            2026-05-01T10:00:00Z ~ 2026-05-01T10:00:00: Unreadable | zone:Mars/Olympus | "Mars/Olympus" is no time zone of the IANA database
        "#]],
    );
}
