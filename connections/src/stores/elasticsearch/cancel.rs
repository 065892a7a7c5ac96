//! Ends what a dropped call still does on the server.
//!
//! By then its connection is closed, by which the server ends searches. Other requests, such as those that change many
//! documents, go on: they are found by the name that every request of a call carries.

use std::time::Duration;

use elasticsearch::http::Method;
use parallax_core::store::{Access, Call, CallId, Purpose};
use serde::Deserialize;
use tokio::time::sleep;

use super::client::{Client, Exchange};
use super::pit::close_left_behind;
use super::request::Request;
use super::resource::Resource;
use std::sync::Arc;

/// How long one cancel may take.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often it is looked whether the tasks are gone.
const LOOKS: u32 = 4;

/// How long a request that is on its way to the server, or a task that is told to end, is given.
const PAUSE: Duration = Duration::from_millis(50);

#[derive(Deserialize)]
struct Listed {
    #[serde(default)]
    tasks: Vec<Task>,
}

#[derive(Deserialize)]
struct Task {
    node: String,
    id: u64,
    #[serde(default)]
    action: String,
    #[serde(default)]
    cancellable: bool,
    #[serde(default)]
    parent_task_id: Option<String>,
    #[serde(default)]
    headers: Headers,
}

#[derive(Default, Deserialize)]
struct Headers {
    #[serde(default, rename = "X-Opaque-Id")]
    opaque: Option<String>,
}

/// Cancels the tasks of a call, and closes what dropped scans have left open.
pub(super) async fn cancel(client: &Arc<Client>, call: CallId) {
    let opaque = client.opaque(call);
    // The tasks of this call have another name than those it looks for.
    let exchange = client.exchange(&Call {
        id: CallId(u64::MAX),
        deadline: PATIENCE,
        purpose: Purpose::Inspect,
        access: Access::ReadOnly,
    });
    for look in 0..LOOKS {
        if look > 0 {
            sleep(PAUSE).await;
        }
        let open = tasks(&exchange, &opaque).await;
        if open.is_empty() {
            break;
        }
        for task in open {
            let resource = Resource::of(&["_tasks", task.as_str(), "_cancel"]);
            let request = Request::new(Method::Post, resource, None);
            // A task that has ended meanwhile is no error, and one that may not be cancelled has no other way.
            drop(exchange.send(&request).await);
        }
    }
    close_left_behind(&exchange).await;
}

/// The tasks at the head of what a call does; none where they may not be listed.
async fn tasks(exchange: &Exchange, opaque: &str) -> Vec<String> {
    let resource = Resource::of(&["_tasks"]).with("group_by", "none");
    let Ok(answer) = exchange.send(&Request::get(resource)).await else {
        return Vec::new();
    };
    let listed: Option<Listed> = serde_json::from_slice(&answer.body).ok();
    let tasks = listed.map_or_else(Vec::new, |it| it.tasks);
    let own = tasks.into_iter().filter(|it| {
        it.headers.opaque.as_deref() == Some(opaque)
            && it.cancellable
            && it.parent_task_id.is_none()
            && !it.action.starts_with("cluster:monitor/tasks")
    });
    own.map(|it| format!("{}:{}", it.node, it.id)).collect()
}
