//! A text of statements, as plans.

use mongodb::bson::{Bson, doc};
use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::value::Value;

use super::chain::Chain;
use super::lexer::Kind;
use super::plan::{self, Plan, Reply};
use super::value::Reader;

/// Reads the statements of a text, between semicolons or line ends, with their parameters bound.
///
/// A statement is a chain of calls (`db.users.find({…}).sort({…})`), a document that is run as a command, `show dbs`,
/// `show collections`, or `use NAME`, which counts for the statements behind it. `{{name}}` stands for a whole value and
/// takes the type that the parameter has: the text `42` finds no number. Fails with [`ErrorKind::InvalidInput`], saying
/// line and column.
pub(in super::super) fn plans(text: &str, parameters: &[(String, Value)]) -> Result<Vec<Plan>> {
    let mut reader = Reader::new(text, parameters)?;
    let mut plans = Vec::new();
    let mut used = None;
    loop {
        while reader.takes(';') {}
        if reader.is_at_end() {
            break;
        }
        let plan = statement(&mut reader, &mut used)?;
        plans.extend(plan.map(|it| it.in_database(used.as_deref())));
        if !reader.is_at_end() && !reader.sees(';') && !reader.peek().begins_line {
            return Err(reader.unexpected("`;` or a new line behind the statement"));
        }
    }
    if plans.is_empty() {
        return Err(
            Error::new(ErrorKind::InvalidInput, "run the statement").because("the text holds none")
        );
    }
    Ok(plans)
}

/// One statement; `None` for one that only sets the database of those behind it.
fn statement(reader: &mut Reader<'_>, used: &mut Option<String>) -> Result<Option<Plan>> {
    let place = reader.place();
    let kind = reader.peek().kind.clone();
    match kind {
        Kind::Sign('{') => match reader.value(0)? {
            Bson::Document(command) => plan::command(command, place).map(Some),
            _ => Err(place.bad("a command is a document")),
        },
        Kind::Word(word) => {
            reader.take();
            match word.as_str() {
                "db" => plan::of_chain(Chain::read(reader)?, place).map(Some),
                "show" => show(reader).map(Some),
                "use" => {
                    *used = Some(name(reader)?);
                    Ok(None)
                }
                _ => Err(place
                    .bad(format!("a statement does not begin with `{word}`"))
                    .hint(HINT)),
            }
        }
        _ => Err(reader.unexpected("a statement").hint(HINT)),
    }
}

const HINT: &str =
    "for example db.users.find({ age: { $gt: 30 } }).limit(10), or a command: { \"ping\": 1 }";

fn name(reader: &mut Reader<'_>) -> Result<String> {
    match reader.peek().kind.clone() {
        Kind::Word(it) | Kind::Text(it) => {
            reader.take();
            Ok(it)
        }
        _ => Err(reader.unexpected("a name")),
    }
}

fn show(reader: &mut Reader<'_>) -> Result<Plan> {
    let place = reader.place();
    let what = name(reader)?;
    let (database, command, reply) = match what.as_str() {
        "dbs" | "databases" => (
            Some("admin".to_owned()),
            doc! { "listDatabases": 1 },
            Reply::Members("databases"),
        ),
        "collections" | "tables" => (
            None,
            doc! { "listCollections": 1, "nameOnly": true, "cursor": {} },
            Reply::Documents,
        ),
        _ => {
            return Err(place
                .bad(format!("{what:?} cannot be shown"))
                .hint("show dbs, or show collections"));
        }
    };
    Ok(Plan {
        database,
        command,
        reply,
        place,
    })
}

#[cfg(test)]
mod tests {
    use mongodb::bson::{Document, doc};
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn one(text: &str) -> Plan {
        let parameters = [("who".to_owned(), Value::from("users"))];
        let mut plans = plans(text, &parameters).expect(text);
        assert_eq!(plans.len(), 1, "{text}");
        plans.remove(0)
    }

    #[track_caller]
    fn check(text: &str, command: &Document) {
        assert_eq!(one(text).command, *command, "{text}");
    }

    #[test]
    fn calls_are_commands() {
        check("db.users.find()", &doc! { "find": "users", "filter": {} });
        check(
            "db.users.find({a: 1}, {a: 1, _id: 0}).sort({a: -1}).skip(2).limit(5);",
            &doc! { "find": "users", "filter": {"a": 1}, "projection": {"a": 1, "_id": 0}, "sort": {"a": -1}, "skip": 2_i64, "limit": 5_i64 },
        );
        check("db.a.b.find()", &doc! { "find": "a.b", "filter": {} });
        check(
            "db.getCollection('odd name').find()",
            &doc! { "find": "odd name", "filter": {} },
        );
        check(
            "db[\"odd name\"].find()",
            &doc! { "find": "odd name", "filter": {} },
        );
        check(
            "db.getCollection({{who}}).find()",
            &doc! { "find": "users", "filter": {} },
        );
        check(
            "db.users.findOne({a: 1})",
            &doc! { "find": "users", "filter": {"a": 1}, "limit": 1_i64, "singleBatch": true },
        );
        check(
            "db.users.aggregate([{$match: {a: 1}}], {allowDiskUse: true})",
            &doc! { "aggregate": "users", "pipeline": [{"$match": {"a": 1}}], "cursor": {}, "allowDiskUse": true },
        );
        check(
            "db.users.distinct('a', {b: 2})",
            &doc! { "distinct": "users", "key": "a", "query": {"b": 2} },
        );
        check(
            "db.users.countDocuments({a: 1})",
            &doc! { "aggregate": "users", "pipeline": [{"$match": {"a": 1}}, {"$group": {"_id": 1, "n": {"$sum": 1}}}], "cursor": {} },
        );
        check(
            "db.users.estimatedDocumentCount()",
            &doc! { "count": "users" },
        );
        check(
            "db.users.getIndexes()",
            &doc! { "listIndexes": "users", "cursor": {} },
        );
        check(
            "db.users.find({a: 1}).explain('executionStats')",
            &doc! { "explain": {"find": "users", "filter": {"a": 1}}, "verbosity": "executionStats" },
        );
        check(
            "db.users.explain().find({a: 1}).limit(1)",
            &doc! { "explain": {"find": "users", "filter": {"a": 1}, "limit": 1_i64}, "verbosity": "queryPlanner" },
        );
        check("db.runCommand({ping: 1})", &doc! { "ping": 1 });
        check("db.runCommand('ping')", &doc! { "ping": 1 });
        check("{ \"ping\": 1 }", &doc! { "ping": 1 });
        assert_eq!(
            one("db.getSiblingDB('x').c.find()").database.as_deref(),
            Some("x")
        );
        assert_eq!(
            one("db.adminCommand({ping: 1})").database.as_deref(),
            Some("admin")
        );
        assert_eq!(one("use x\ndb.c.find()").database.as_deref(), Some("x"));
    }

    #[test]
    fn statements_end_at_semicolons_and_lines() {
        let all = |text: &str| plans(text, &[]).expect(text).len();
        assert_eq!(all("db.a.find(); db.b.find()\nshow dbs\n\n{ping: 1};"), 4);
        assert_eq!(all("db.a\n  .find({})\n  .limit(1)\n// end\n"), 1);
        for bad in ["", " ; // nothing", "db.a.find() db.b.find()"] {
            assert!(plans(bad, &[]).is_err(), "{bad}");
        }
    }

    #[test]
    fn slips_are_told_with_their_place_and_a_way_out() {
        for (text, place, hint) in [
            ("db.users.fnd()", "column 10", "\"find\""),
            ("db.users.find().limt(5)", "column 17", "\"limit\""),
            ("db.users.find().limit('x')", "column 17", ""),
            ("db.users.find({}, {}, {}, {})", "column 10", ""),
            ("db.users.find", "column 1", "find()"),
            ("db.runComand({ping: 1})", "column 4", "\"runCommand\""),
            ("select * from users", "column 1", "db.users.find"),
            ("db.users.find().forEach({})", "column 17", ""),
            ("show tabels", "column 6", "show collections"),
            ("db.users.find({a: 1}", "column 21", ""),
            ("db.users.find().sort({a: 1}).name", "column 30", "name()"),
        ] {
            let error = plans(text, &[]).expect_err(text);
            assert_eq!(error.kind, ErrorKind::InvalidInput, "{error}");
            assert!(error.to_string().contains(place), "{text}: {error}");
            assert!(
                error.hint.clone().unwrap_or_default().contains(hint),
                "{text}: {error:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in r#"(db|\.|find|\(|\)|\{|\}|\[|\]|,|:|'|"|/|\\|\$|\{\{|\}\}|a|1|-|;|\n| |é){0,40}"#) {
            drop(plans(&text, &[]));
            drop(super::super::filter(&text));
        }

        #[test]
        fn any_letters_do_no_harm(text in ".{0,60}") {
            drop(plans(&text, &[]));
        }
    }
}
