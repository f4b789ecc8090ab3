import AzureCommunicationCommon
import Foundation

struct BrokerToken: Decodable { let token: String }
struct BrokerProblem: Decodable { let code: String? }
struct BrokerRefusal: Error { let status: Int; let code: String? }

/// `session` returns the app's own access token, renewed if need be.
func communicationCredential(
    broker: URL, session: @escaping () async throws -> String
) throws -> CommunicationTokenCredential {
    let options = CommunicationTokenRefreshOptions(refreshProactively: true) { completion in
        Task {
            do {
                completion(try await fetchToken(broker: broker, session: session), nil)
            } catch {
                completion(nil, error)
            }
        }
    }
    return try CommunicationTokenCredential(withOptions: options)
}

func fetchToken(broker: URL, session: () async throws -> String, attempts: Int = 3) async throws -> String {
    var request = URLRequest(url: broker.appendingPathComponent("v1/token"))
    request.httpMethod = "POST"
    request.setValue("Bearer \(try await session())", forHTTPHeaderField: "Authorization")
    let (body, response) = try await URLSession.shared.data(for: request)
    guard let reply = response as? HTTPURLResponse else { throw URLError(.badServerResponse) }
    if reply.statusCode == 200 {
        return try JSONDecoder().decode(BrokerToken.self, from: body).token
    }
    // The gateway's own 429 does not say how long.
    let retryAfter = reply.value(forHTTPHeaderField: "Retry-After") ?? (reply.statusCode == 429 ? "1" : nil)
    if attempts > 1, let seconds = retryAfter.flatMap(UInt64.init) {
        try await Task.sleep(nanoseconds: seconds * 1_000_000_000)
        return try await fetchToken(broker: broker, session: session, attempts: attempts - 1)
    }
    let problem = try? JSONDecoder().decode(BrokerProblem.self, from: body)
    throw BrokerRefusal(status: reply.statusCode, code: problem?.code)
}
