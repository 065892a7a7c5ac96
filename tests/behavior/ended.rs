//! What becomes of a call that is given up, as the server itself tells it.

use std::future::Future;
use std::task::Poll;
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use libtest_mimic::Failed;
use parallax_core::name::FieldPath;
use parallax_core::store::{Fields, KeyPart, Projection};
use tokio::time::{sleep, timeout};

use crate::cases::{call, ensure, found, key, scanned_values, soon, statement};
use crate::ground::Ground;

/// How often a call is polled before it is dropped, at most.
const POLLS: usize = 40;

/// How long the server may take to be rid of a statement.
const RID: Duration = Duration::from_secs(1);

/// Until the server lists so many statements; how long that took.
async fn until_listed(ground: &Ground, is_enough: fn(usize) -> bool) -> Result<Duration, Failed> {
    let began = Instant::now();
    while !is_enough(ground.owner.running(&ground.mark).await?) {
        let is_long = began.elapsed() > Duration::from_secs(10);
        ensure(!is_long, "the server's own list does not say so in 10 s")?;
        sleep(Duration::from_millis(10)).await;
    }
    Ok(began.elapsed())
}

/// Begins the endless statement and waits until the server lists it.
async fn begun(ground: &Ground) -> Result<parallax_core::store::Rows, Failed> {
    let endless = statement(&ground.words.endless);
    let call = call(Duration::from_mins(1));
    let mut query = ground.store.query(&call, &endless);
    // Some stores answer before the statement has begun, others when it has its first row.
    let begins = async {
        let mut rows = (&mut query).await?;
        drop(timeout(Duration::from_millis(300), rows.next()).await);
        Ok::<_, parallax_core::error::Error>(rows)
    };
    let rows = timeout(Duration::from_secs(5), begins).await;
    rows.map_err(|late| Failed::from(format!("the statement does not begin: {late}")))?
        .map_err(Failed::from)
}

/// A dropped stream and a cancelled call are gone from the server's own list within a second.
pub(crate) async fn dropped_is_gone(ground: &Ground) -> Result<(), Failed> {
    let rows = begun(ground).await?;
    until_listed(ground, |it| it > 0).await?;
    drop(rows);
    let took = until_listed(ground, |it| it == 0).await?;
    ensure(took < RID, &format!("it took {took:?}"))
}

/// A call that another one cancels ends with that reason, and is gone.
pub(crate) async fn cancelled_is_gone(ground: &Ground) -> Result<(), Failed> {
    let endless = statement(&ground.words.endless);
    let call = call(Duration::from_mins(1));
    let runs = async {
        let mut rows = ground.store.query(&call, &endless).await?;
        while let Some(chunk) = rows.next().await {
            chunk?;
        }
        Ok::<(), parallax_core::error::Error>(())
    };
    let cancels = async {
        until_listed(ground, |it| it > 0).await?;
        ground.store.cancel(call.id).await?;
        until_listed(ground, |it| it == 0).await
    };
    let (ended, took) = tokio::join!(runs, cancels);
    let error = ended.err().ok_or("it ended as if it were done")?;
    let is_told = error.kind == parallax_core::error::ErrorKind::Cancelled;
    ensure(is_told, &format!("{:?}: {error}", error.kind))?;
    let took = took?;
    ensure(took < RID, &format!("it took {took:?}"))
}

/// Polls a future a number of times, and drops it; whether it had ended.
async fn polled<F: Future>(future: F, polls: usize) -> bool {
    let mut future = std::pin::pin!(future);
    for _ in 0..polls {
        let ended =
            std::future::poll_fn(|context| Poll::Ready(future.as_mut().poll(context).is_ready()));
        if ended.await {
            return true;
        }
        // Lets the store's own tasks and its server go on.
        sleep(Duration::from_micros(300)).await;
    }
    false
}

/// Drops a get, a statement and a scan at each of their awaits; the store answers rightly afterwards.
pub(crate) async fn dropped_anywhere(ground: &Ground) -> Result<(), Failed> {
    let name = FieldPath::name("name");
    let fields = Projection {
        key: vec![KeyPart {
            name: "id".to_owned(),
            path: ground.key.clone(),
        }],
        fields: Fields::Listed(vec![name]),
        filter: None,
    };
    let two = statement(&ground.words.two);
    for polls in 0..POLLS {
        let keys = [key("1")];
        let soon = soon();
        let get = polled(
            ground.store.get(&soon, &ground.users, &keys, &fields),
            polls,
        );
        let query = polled(
            async {
                let rows = ground.store.query(&soon, &two).await?;
                Ok::<_, Failed>(rows.count().await)
            },
            polls,
        );
        let scan = polled(
            scanned_values(&*ground.store, &ground.users, &fields),
            polls,
        );
        let (get, query, scan) = (get.await, query.await, scan.await);
        let found = found(ground, &ground.users, &[key("1"), key("no such key")]).await?;
        ensure(
            found == [true, false],
            &format!("it answers wrongly after a call dropped at poll {polls}"),
        )?;
        if get && query && scan {
            return Ok(());
        }
    }
    Ok(())
}
