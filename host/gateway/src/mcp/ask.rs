//! Questions to clients of the older revisions: requests from server to client over the session.

use std::time::Duration;

use futures::future::try_join_all;
use rmcp::{
    RoleServer,
    model::{ErrorCode, InputRequest, ServerRequest},
    service::{Peer, PeerRequestOptions, ServiceError},
};
use serde_json::Value;
use tandem_engine::InputError;

use super::client_port::{Ask, Question};

/// Asks all questions at once and hands the answers to who asked.
pub(crate) async fn over_session(peer: &Peer<RoleServer>, ask: Ask, timeout: Duration) {
    let answers = try_join_all(ask.questions.into_iter().map(|question| one(peer, question, timeout))).await;
    // A guest that is gone needs no answer.
    let _ = ask.reply.send(answers);
}

async fn one(peer: &Peer<RoleServer>, question: Question, timeout: Duration) -> Result<Value, InputError> {
    let (capability, request) = match question.request.clone() {
        InputRequest::Elicitation(request) => ("elicitation", ServerRequest::ElicitRequest(request)),
        InputRequest::CreateMessage(request) => ("sampling", ServerRequest::CreateMessageRequest(request)),
        InputRequest::ListRoots(request) => ("roots", ServerRequest::ListRootsRequest(request)),
        _ => return Err(InputError::Other("this kind of question cannot be asked".to_owned())),
    };
    let failed = |error| why(capability, error);
    let options = PeerRequestOptions::with_timeout(timeout);
    let handle = peer.send_request_with_option(request, options).await.map_err(failed)?;
    let answer = handle.await_response().await.map_err(failed)?;
    let answer = serde_json::to_value(answer).map_err(|error| InputError::InvalidResponse(error.to_string()))?;
    question.check(&answer).map_err(|wrong| InputError::InvalidResponse(wrong.to_string()))?;
    Ok(answer)
}

fn why(capability: &'static str, error: ServiceError) -> InputError {
    match error {
        ServiceError::Timeout { .. } => InputError::Timeout,
        ServiceError::Cancelled { .. } | ServiceError::TransportClosed | ServiceError::TransportSend(_) => {
            InputError::Cancelled
        }
        ServiceError::McpError(error) if error.code == ErrorCode::METHOD_NOT_FOUND => {
            InputError::Unsupported(capability)
        }
        ServiceError::McpError(error) => {
            InputError::Other(format!("the client answered with error {}: {}", error.code.0, error.message))
        }
        other => InputError::Other(other.to_string()),
    }
}
