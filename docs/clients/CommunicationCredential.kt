import com.azure.android.communication.common.CommunicationTokenCredential
import com.azure.android.communication.common.CommunicationTokenRefreshOptions
import java.io.IOException
import java.net.HttpURLConnection
import java.net.URL
import java.util.concurrent.Callable
import org.json.JSONObject

class BrokerRefusal(val status: Int, val code: String?) : IOException("the broker responded with $status $code")

/** `session` returns the app's own access token, renewed if need be. */
fun communicationCredential(broker: String, session: () -> String): CommunicationTokenCredential {
    val options = CommunicationTokenRefreshOptions(Callable { fetchToken(broker, session) })
    return CommunicationTokenCredential(options.setRefreshProactively(true))
}

fun fetchToken(broker: String, session: () -> String, attempts: Int = 3): String {
    val call = URL("$broker/v1/token").openConnection() as HttpURLConnection
    call.requestMethod = "POST"
    call.setRequestProperty("Authorization", "Bearer ${session()}")
    if (call.responseCode == 200) {
        return JSONObject(call.inputStream.bufferedReader().readText()).getString("token")
    }
    // The gateway's own 429 does not say how long.
    val retryAfter = call.getHeaderField("Retry-After") ?: if (call.responseCode == 429) "1" else null
    val seconds = retryAfter?.toLongOrNull()
    if (seconds != null && attempts > 1) {
        Thread.sleep(seconds * 1000)
        return fetchToken(broker, session, attempts - 1)
    }
    val body = call.errorStream?.bufferedReader()?.readText().orEmpty()
    throw BrokerRefusal(call.responseCode, runCatching { JSONObject(body).getString("code") }.getOrNull())
}
