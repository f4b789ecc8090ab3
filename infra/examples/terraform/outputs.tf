output "api_url" {
  description = "What apps call."
  value       = aws_cloudformation_stack.broker.outputs["ApiUrl"]
}

output "event_bus_arn" {
  description = "What a backend needs the right events:PutEvents on."
  value       = aws_cloudformation_stack.broker.outputs["EventBusArn"]
}
